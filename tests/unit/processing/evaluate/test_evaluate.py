"""The evaluate job, run in process on a small model: outputs, comparisons and failures."""

import io
import json
import shutil
import tarfile
import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from sagemaker.core.shapes.model_card_shapes import ModelCardContent
from sklearn.metrics import log_loss, roc_auc_score

from processing.evaluate import main
from processing.model_archive import open_model
from tests.prepared_data import SPEC, write_prepared
from tests.trained_model import train


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Prepared data, a tuned model, the candidate refitted from it, and a worse model."""
    root = tmp_path_factory.mktemp("made")
    prepared = write_prepared(root / "prepared", rows=900)
    tuned = train(prepared, root / "tuned")
    return {
        "prepared": prepared,
        "tuned": tuned,
        "candidate": train(prepared, root / "candidate", "--num_seeds", "2", tuned=tuned),
        "poor": train(prepared, root / "poor", "--num_round", "1", "--max_depth", "1"),
    }


@pytest.fixture
def run(made, tmp_path):
    """Run the job with some arguments replaced; gives the exit code and the output folder."""

    def evaluate(**replaced):
        folders = {f"{name}-dir": made["prepared"] / name for name in ("test", "validation", "train", "specification")}
        flags = folders | {
            "model-dir": made["candidate"],
            "tuned-dir": made["tuned"],
            "output-dir": tmp_path / "output",
            "message-file": tmp_path / "message",
            "bootstrap-resamples": 200,
        }
        flags |= {name.replace("_", "-"): value for name, value in replaced.items()}
        code = main([part for name, value in flags.items() for part in (f"--{name}", str(value))], {})
        return code, tmp_path / "output" / "evaluation"

    return evaluate


def read(folder, name="evaluation.json"):
    return json.loads((folder / name).read_text())


def test_metrics_are_those_of_the_candidate_on_the_test_months(run, made):
    _, folder = run()

    frame = pd.read_parquet(made["prepared"] / "test")
    scores = open_model(made["candidate"], "candidate").predict(frame)
    document = read(folder)
    assert document["metrics"]["test"]["auc"] == pytest.approx(roc_auc_score(frame["label"], scores))
    assert document["metrics"]["test"]["log_loss"] == pytest.approx(log_loss(frame["label"], scores))
    assert document["gate"]["auc"] == document["binary_classification_metrics"]["auc"]["value"]
    assert document["metrics"]["test"]["rows"] == 900


def test_the_monitors_find_their_baselines_beside_the_evaluation(run):
    _, folder = run()

    facets = read(folder, "bias.json")["post_training_bias_metrics"]["facets"]
    values = read(folder, "attribution.json")["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert set(facets) == {"carrier"}  # of the slices, the one that requests name
    assert set(values) == set(SPEC.names)
    assert read(folder, "attribution_constraints.json")["monitoringConfigOverrides"]["ndcg_threshold"] <= 0.9
    assert "binary_classification_constraints" in read(folder, "model_quality_constraints.json")
    assert read(folder, "bias_constraints.json")["version"] == "1.0"


def test_validation_metrics_are_the_tuned_models(run, made):
    _, folder = run()

    reported = json.loads((made["tuned"] / "training_report.json").read_text())["metrics"]["validation"]
    assert read(folder)["metrics"]["validation"]["auc"] == pytest.approx(reported["auc"], abs=1e-5)
    assert read(folder)["metrics"]["validation"]["log_loss"] == pytest.approx(reported["log_loss"], abs=1e-5)


def test_without_a_champion_the_gate_has_nothing_to_hold_against(run, tmp_path):
    (tmp_path / "champion").mkdir()
    (tmp_path / "champion" / "NO_CHAMPION").touch()

    _, folder = run(champion_dir=tmp_path / "champion")

    assert read(folder)["comparisons"]["champion"] == {"present": False, "version": ""}
    assert read(folder)["gate"]["worse_than_champion_by"] == 0.0


def test_a_poor_champion_is_beaten(run, made, tmp_path):
    champion = tmp_path / "champion" / "version-3"
    champion.mkdir(parents=True)
    shutil.copy(made["poor"] / "model.tar.gz", champion)

    _, folder = run(champion_dir=tmp_path / "champion")

    champion = read(folder)["comparisons"]["champion"]
    assert champion["log_loss_difference"]["upper"] < 0 < champion["auc_difference"]["lower"]
    assert read(folder)["gate"]["worse_than_champion_by"] == champion["log_loss_difference"]["lower"]


def test_a_candidate_worse_than_the_champion_shows_at_the_gate(run, made):
    _, folder = run(model_dir=made["poor"], champion_dir=made["candidate"])

    assert read(folder)["gate"]["worse_than_champion_by"] > 0


def test_the_threshold_follows_the_costs(run):
    cautious = read(run(cost_false_negative=20)[1])["threshold"]
    bold = read(run(cost_false_negative=1)[1])["threshold"]

    assert cautious["value"] < bold["value"]
    assert bold["mean_cost"] < min(bold["mean_cost_flag_none"], bold["mean_cost_flag_all"])


def test_the_model_card_fits_sagemakers_schema(run):
    _, folder = run()

    card = read(folder, "model_card.json")
    ModelCardContent.model_validate(card, extra="forbid")
    assert "tail number" in card["additional_information"]["caveats_and_recommendations"]


def test_every_picture_is_well_formed(run):
    _, folder = run()

    pictures = {path.stem: ET.parse(path).getroot() for path in (folder / "plots").glob("*.svg")}
    assert pictures.keys() == {
        "roc",
        "precision_recall",
        "calibration",
        "score_histogram",
        "slices",
        "attributions",
        "confusion",
        "learning_curve",
    }
    assert all(root.get("viewBox") and root.get("role") == "img" for root in pictures.values())


def test_attributions_name_every_feature_strongest_first(run):
    _, folder = run()

    entries = read(folder)["attributions"]
    assert {entry["feature"] for entry in entries} == set(SPEC.names)
    strengths = [entry["mean_abs_shap"] for entry in entries]
    assert strengths == sorted(strengths, reverse=True)
    assert entries[0]["feature"] == "delay_mean"


def test_two_runs_write_the_same_bytes(run):
    first = {path.name: path.read_bytes() for path in run()[1].rglob("*.*")}
    second = {path.name: path.read_bytes() for path in run()[1].rglob("*.*")}

    assert first == second


def broken(kind, folder):
    """Make a model.tar.gz that is broken in some way."""
    archive = folder / "model.tar.gz"
    if kind == "text":
        archive.write_bytes(b"not an archive")
    if kind in ("damaged", "truncated"):
        with tarfile.open(archive, "w:gz") as tar:
            for name in ("model.ubj", "feature_spec.json", "training_report.json"):
                info = tarfile.TarInfo(name)
                info.size = 3000
                tar.addfile(info, io.BytesIO(bytes(range(250)) * 12))
    if kind == "truncated":
        archive.write_bytes(archive.read_bytes()[:60])
    if kind == "incomplete":
        tarfile.open(archive, "w:gz").close()
    return folder


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("none", "does not exist; give the job a training job's model.tar.gz"),
        ("text", "not a readable tar.gz"),
        ("truncated", "not a readable tar.gz"),
        ("incomplete", "lacks model.ubj, feature_spec.json, training_report.json"),
        ("damaged", "its content is damaged"),
    ],
)
def test_an_unusable_model_archive_ends_in_a_reason(run, tmp_path, capsys, kind, reason):
    folder = tmp_path / "broken"
    folder.mkdir()

    code, _ = run(model_dir=broken(kind, folder))

    assert code == 1
    assert (tmp_path / "message").read_text().startswith("evaluate: candidate model")
    assert reason in (tmp_path / "message").read_text()
    assert "Traceback" not in capsys.readouterr().err


def test_an_archive_cannot_write_outside_its_folder(run, made, tmp_path):
    with (
        tarfile.open(made["candidate"] / "model.tar.gz") as good,
        tarfile.open(tmp_path / "model.tar.gz", "w:gz") as bad,
    ):
        bad.addfile(tarfile.TarInfo("../escaped"), io.BytesIO())
        link = tarfile.TarInfo("feature_spec.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        bad.addfile(link)
        for name in ("model.ubj", "training_report.json"):
            bad.addfile(good.getmember(name), good.extractfile(name))

    code, _ = run(model_dir=tmp_path)

    assert code == 1
    assert "lacks feature_spec.json" in (tmp_path / "message").read_text()


def test_two_champions_are_refused(run, made, tmp_path):
    for version in ("1", "2"):
        (tmp_path / "champion" / version).mkdir(parents=True)
        shutil.copy(made["poor"] / "model.tar.gz", tmp_path / "champion" / version)

    code, _ = run(champion_dir=tmp_path / "champion")

    assert code == 1
    assert "2 archives (1/model.tar.gz, 2/model.tar.gz); exactly one" in (tmp_path / "message").read_text()


def test_a_test_split_without_rows_of_both_classes_is_refused(run, made, tmp_path):
    frame = pd.read_parquet(made["prepared"] / "test").assign(label=0)
    (tmp_path / "test").mkdir()
    frame.to_parquet(tmp_path / "test" / "month.parquet")

    code, folder = run(test_dir=tmp_path / "test")

    assert code == 1
    assert "split 'test': 900 rows with labels ['0']; both 0 and 1" in (tmp_path / "message").read_text()
    assert not folder.exists()


def test_a_missing_column_is_named(run, made, tmp_path):
    frame = pd.read_parquet(made["prepared"] / "test").drop(columns="wind")
    (tmp_path / "test").mkdir()
    frame.to_parquet(tmp_path / "test" / "month.parquet")

    assert run(test_dir=tmp_path / "test")[0] == 1
    assert "month.parquet: columns wind are missing" in (tmp_path / "message").read_text()
