"""The job from raw zone to outputs, on real flights."""

import json
import re

import pandas as pd
import pyarrow.parquet as pq
import pytest

from processing.data_report import missing_months
from processing.prepare import OUTPUTS, main
from usecase.feature_spec import FeatureSpec

MARCH = "flights/year=2013/month=03/flights.parquet"


@pytest.fixture(scope="module")
def prepared(small_raw_zone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    assert main(["--raw-dir", str(small_raw_zone), "--output-dir", str(folder)], {"DATA_VERSION": "v7"}) == 0
    return folder


@pytest.fixture(scope="module")
def report(prepared):
    return json.loads((prepared / "report" / "data_report.json").read_text())


def spoil(raw_zone, change, file=MARCH):
    table = pd.read_parquet(raw_zone / file, partitioning=None)
    change(table).to_parquet(raw_zone / file, index=False)


def with_bad_distances(share):
    return lambda table: table.assign(distance=table["distance"].where(table.index >= share * len(table), -5))


def test_each_output_is_a_folder_and_nothing_else_is_left(prepared):
    assert sorted(path.name for path in prepared.iterdir()) == sorted(OUTPUTS)


def test_the_splits_hold_their_own_months_one_file_each(prepared):
    files = {name: sorted(file.stem for file in (prepared / name).iterdir()) for name in OUTPUTS[:4]}

    assert files == {
        "train": [f"month-{month:02d}" for month in range(1, 9)],
        "validation": ["month-09", "month-10"],
        "test": ["month-11"],
        "production": ["month-12"],
    }


def test_every_split_has_the_specifications_columns_and_can_be_encoded(prepared):
    spec = FeatureSpec.load(prepared / "specification" / "feature_spec.json")

    for split in OUTPUTS[:4]:
        rows = pd.read_parquet(prepared / split)
        assert set(rows.columns) == {*spec.names, spec.label, *spec.metadata}
        assert spec.encode(rows).shape == (len(rows), len(spec.names))
        assert set(rows[spec.label].unique()) == {0, 1}


def test_the_specification_carries_version_and_horizon(prepared):
    spec = FeatureSpec.load(prepared / "specification" / "feature_spec.json")

    assert (spec.data_version, spec.horizon_hours) == ("v7", 2.0)


def test_the_report_accounts_for_every_flight(report, small_raw_zone):
    read = sum(pq.ParquetFile(file).metadata.num_rows for file in (small_raw_zone / "flights").rglob("*.parquet"))
    labelled = sum(split["rows"] for split in report["splits"].values())

    assert report["tables"]["flights"]["rows_read"] == read
    assert report["outcomes"]["cancelled"] + report["outcomes"]["diverted"] + labelled == read
    assert report["outcomes"]["cancelled"] > 0


def test_the_report_gives_label_rates_by_month_and_the_price_of_each_stage(report):
    assert 0.05 < report["splits"]["train"]["months"]["01"]["label_rate"] < 0.4
    assert [set(stage) for stage in report["stages"]] == [{"name", "seconds", "peak_rss_mb"}] * 3


def test_the_report_names_the_months_that_a_split_lacks(report):
    train = report["splits"]["train"]

    assert train["missing_months"] == []
    assert missing_months(pd.DataFrame({"month": [1, 3]}), range(1, 5)) == [2, 4]


def test_the_baseline_describes_the_training_rows(prepared):
    statistics = json.loads((prepared / "baseline" / "statistics.json").read_text())
    constraints = json.loads((prepared / "baseline" / "constraints.json").read_text())

    assert statistics["dataset"]["item_count"] == len(pd.read_parquet(prepared / "train"))
    assert [one["name"] for one in statistics["features"]] == [one["name"] for one in constraints["features"]]


def test_the_same_raw_zone_gives_the_same_bytes(prepared, small_raw_zone, prepare, tmp_path):
    assert prepare(small_raw_zone) == 0

    for split in OUTPUTS[:4]:
        for file in (prepared / split).iterdir():
            assert file.read_bytes() == (tmp_path / "output" / split / file.name).read_bytes()


def test_a_shorter_horizon_knows_more(prepare, small_raw_zone, prepared, tmp_path):
    assert prepare(small_raw_zone, "--horizon-hours", "0") == 0

    then, now = (pd.read_parquet(folder / "test")["p1_arr_delay"] for folder in (prepared, tmp_path / "output"))
    assert now.notna().sum() > then.notna().sum()


def test_outputs_of_an_earlier_run_are_replaced(prepare, small_raw_zone, tmp_path):
    stale = tmp_path / "output" / "train" / "month-13.parquet"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"old")

    assert prepare(small_raw_zone) == 0

    assert not stale.exists()


def test_bad_rows_below_the_limit_are_rejected_counted_and_kept_apart(raw_zone, prepare, tmp_path):
    spoil(raw_zone, with_bad_distances(0.3))

    assert prepare(raw_zone, "--max-rejected-fraction", "0.05") == 0

    table = json.loads((tmp_path / "output" / "report" / "data_report.json").read_text())["tables"]["flights"]
    rejected = [json.loads(line) for line in (tmp_path / "output/rejected/flights.jsonl").read_text().splitlines()]
    assert table["rows_rejected"] == len(rejected) == table["rejected_by_file"][MARCH]
    assert table["rejected_by_reason"] == {"distance is out of range": len(rejected)}
    assert {row["reason"] for row in rejected} == {"distance is out of range"}
    assert rejected[0]["rejected_value"] == -5


def test_bad_rows_above_the_limit_are_refused(raw_zone, prepare, tmp_path, capsys):
    spoil(raw_zone, with_bad_distances(0.3))

    assert prepare(raw_zone, "--max-rejected-fraction", "0.01") == 1

    message = (tmp_path / "message").read_text()
    assert "rows are bad" in message
    assert "allowed are 1.0%: distance is out of range" in message
    assert message in capsys.readouterr().err


def truncated(file):
    file.write_bytes(file.read_bytes()[:2000])


def emptied(file):
    file.write_bytes(b"")


def rowless(file):
    pd.read_parquet(file, partitioning=None).head(0).to_parquet(file, index=False)


def renamed(file):
    pd.read_parquet(file, partitioning=None).rename(columns={"dep_delay": "delay"}).to_parquet(file, index=False)


def removed(file):
    for month in file.parents[1].iterdir():
        (month / file.name).unlink()


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (truncated, "month=03/flights.parquet: cannot be read as Parquet"),
        (emptied, "month=03/flights.parquet: the file is empty"),
        (rowless, "month=03/flights.parquet: the file has no rows"),
        (renamed, "month=03/flights.parquet: wrong columns .*missing: dep_delay; unexpected: delay.*; expected: year"),
        (removed, "no Parquet file of the table 'flights' below"),
    ],
)
def test_unusable_raw_data_fail_with_a_reason_and_leave_no_output(spoilt, message, raw_zone, prepare, tmp_path):
    spoilt(raw_zone / MARCH)

    assert prepare(raw_zone) == 1

    assert re.search(message, (tmp_path / "message").read_text())
    assert not list((tmp_path / "output").rglob("*.parquet"))


def test_a_raw_zone_without_test_months_is_refused(raw_zone, prepare, tmp_path):
    (raw_zone / "flights/year=2013/month=11/flights.parquet").unlink()

    assert prepare(raw_zone) == 1

    assert "the split 'test' has no labelled flight: it needs the months [11]" in (tmp_path / "message").read_text()


@pytest.mark.parametrize("flags", [["--max-rejected-fraction", "5"], ["--horizon-hours", "-1"], ["--nonsense"]])
def test_wrong_flags_are_refused(flags, prepare, small_raw_zone, capsys):
    with pytest.raises(SystemExit, match="2"):
        prepare(small_raw_zone, *flags)

    assert "usage: prepare" in capsys.readouterr().err
