"""Requests that cannot be answered: the status, and a message that names row, column, value and what is allowed."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference.handlers import transform_fn
from inference.scoring import Request, answer

DEEP = "[" * 100_000 + "]" * 100_000
HEADER = "delay_mean,wind,hour,carrier\n"


def refusal(model, body, content_type, accept="application/json"):
    (response,) = answer(model, [Request(body, content_type, accept)])
    assert 400 <= response.status < 500, response
    return response.status, json.loads(response.body)["error"]


def parquet(**columns):
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("1,2,9,AA\n1,2,9", "row 1: 3 values, the first '1'; the feature specification"),
        ("wind,hour,carrier\n1,9,AA", "the header lacks the feature 'delay_mean'"),
        (HEADER, "a header and no row"),
        (
            "1,2,9,AA\n1,strong,9,AA",
            "row 1, column 'wind': 'strong' is not a number; allowed is a finite number or missing",
        ),
        ("1,2,,AA", "row 0, column 'hour': None is missing; a value is required; allowed is a finite number, never"),
        ("1,inf,9,AA", "column 'wind': 'inf' is not a number"),
        ("1,-Infinity,9,AA", "column 'wind': '-Infinity' is not a number"),
        ("1,-nan,9,AA", "column 'wind': '-nan' is not a number"),
        ("1,1e39,9,AA", "column 'wind': 1e+39 is not a finite number of 32 bits"),
        ("1,1_0,9,AA", "column 'wind': '1_0' is not a number"),
        ("1,٣,9,AA", "column 'wind': '٣' is not a number"),
        ('1,2,9,"AA\n', "the body is not CSV"),
        ('"1,2,9,AA', "the body is not CSV"),
        ("=1+1,2,9,AA", "'=1+1' is not a number"),
        ("delay_mean,wind,wind,hour,carrier\n1,2,3,9,AA", "names the column 'wind' more than once"),
        ("delay_mean,winds,wind,hour,carrier\n1,2,3,9,AA", "column 'winds': this is no feature; did you mean 'wind'?"),
        ("  ", "the body is empty"),
        (b"\xff\xfe1", "not UTF-8 text (invalid start byte at byte 0)"),
        (b"1,2,9,\xc3\x28", "not UTF-8"),
    ],
)
def test_unfit_csv_is_refused(model, body, reason):
    status, message = refusal(model, body, "text/csv")

    assert status == 400
    assert reason in message


@pytest.mark.parametrize("at", [3, 37])
def test_one_wrong_value_in_many_rows_is_found(model, at):
    lines = ["1,2,9,AA"] * 40
    lines[at] = "1,2,-nan,AA"

    assert f"row {at}, column 'hour': '-nan'" in refusal(model, "\n".join(lines), "text/csv")[1]
    assert f"row {at}, column 'hour': '-nan'" in refusal(model, HEADER + "\n".join(lines), "text/csv")[1]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "the body is not JSON"),
        ("[]", "holds no row"),
        ("[1]", "row 0: 1 is not an object"),
        ("null", "row 0: None is not an object"),
        ('{"instances": 3}', "'instances' is 3; allowed is a list of objects"),
        ('{"instances": [], "rows": []}', "the body holds 'rows' beside 'instances'"),
        ('{"hour": 9, "winds": 3}', "row 0, column 'winds': this is no feature; did you mean 'wind'?"),
        ('{"flight_id": "x"}', "row 0: names no feature"),
        ('{"hour": 9, "carrier": 5}', "row 0, column 'carrier': 5 is not text; allowed is text or missing"),
        ('{"hour": 9, "wind": "12"}', "column 'wind': '12' is not a number"),
        ('{"hour": 9, "wind": "NaN"}', "column 'wind': 'NaN' is not a number"),
        ('{"hour": 9, "wind": true}', "column 'wind': True is not a number"),
        ('{"hour": 9, "wind": {"mph": 3}}', "column 'wind': {'mph': 3} is not a number"),
        ('{"hour": 9, "carrier": ["AA"]}', "column 'carrier': ['AA'] is not text"),
        ('{"hour": NaN}', "NaN is not JSON; allowed is a finite number, or null"),
        ('{"hour": Infinity}', "Infinity is not JSON"),
        ('{"hour": 1e999}', "is not a finite number"),
        (f'{{"hour": 1{"0" * 4000}}}', "column 'hour': a huge number is not a finite number"),
        (f'{{"hour": 1{"0" * 5000}}}', "is not JSON"),
        ('{"hour": 9, "hour": 10}', "an object names the column 'hour' more than once"),
        ('{"hour": 9, "\\ud800": 1}', "column '\\ud800': this is no feature"),
        (DEEP, "nested too deeply"),
        (f'{{"hour": {DEEP}}}', "nested too deeply"),
        (b'{"hour": 9, "carrier": "\xe9"}', "not UTF-8"),
        ('{"hour": 9, "carrier": "' + "A" * 5000 + '", "wind": []}', "column 'wind': [] is not a number"),
    ],
)
def test_unfit_json_is_refused(model, body, reason):
    status, message = refusal(model, body, "application/json")

    assert status == 400
    assert reason in message
    assert len(message) < 500


def test_a_wrong_line_is_named_by_its_number(model):
    assert "row 1 is not JSON" in refusal(model, '{"hour": 9}\n{', "application/jsonlines")[1]
    assert (
        "row 2: '\\u2028' is not an object"
        in refusal(model, '{"hour": 9}\n\n{"hour": 8}\n"\u2028"', "application/jsonlines")[1]
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"PAR1", "not a readable Parquet file"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "not a readable Parquet file"),
        (parquet(hour=[9.0]), "the header lacks the feature 'delay_mean'"),
        (
            parquet(delay_mean=[1.0], wind=["2"], hour=[9], carrier=["AA"]),
            "row 0, column 'wind': the column's Parquet type is string; allowed is a number",
        ),
        (
            parquet(delay_mean=[1.0], wind=[2], hour=[9], carrier=[7]),
            "column 'carrier': the column's Parquet type is int64",
        ),
        (parquet(delay_mean=[1.0], wind=[True], hour=[9], carrier=["AA"]), "type is bool"),
        (
            parquet(delay_mean=[1.0, 1.0], wind=[2.0, 2.0], hour=[9, None], carrier=["AA", "AA"]),
            "row 1, column 'hour': None is missing",
        ),
        (
            parquet(delay_mean=[1.0, float("inf")], wind=[2.0, 2.0], hour=[9, 9], carrier=["AA", "AA"]),
            "row 1, column 'delay_mean': inf is not a finite number",
        ),
        (parquet(delay_mean=pa.array([], pa.float32()), wind=[], hour=[], carrier=[]), "holds no row"),
    ],
)
def test_unfit_parquet_is_refused(model, body, reason):
    status, message = refusal(model, body, "application/x-parquet")

    assert status == 400
    assert reason in message


def test_more_rows_than_allowed_are_refused_before_they_take_memory(model):
    many = 2_000_000
    bomb = parquet(**{name: pa.array([None] * many, pa.null()) for name in ("delay_mean", "wind", "hour", "carrier")})

    assert refusal(model, bomb, "application/x-parquet")[0] == 413
    assert refusal(model, "[" + "{}," * 1_000_000 + "{}]", "application/json")[0] == 413
    assert refusal(model, "{}\n" * 1_000_000, "application/jsonlines")[0] == 413
    assert refusal(model, "1\n" * 1_000_000, "text/csv") == (
        413,
        "the body has more than 100,000 rows; send them in several requests",
    )


def test_a_body_over_six_megabytes_is_refused(model):
    status, message = refusal(model, b"1" * (6 * 1024 * 1024 + 1), "text/csv")

    assert status == 413
    assert message == "the body has 6,291,457 bytes; allowed are 6,291,456: send fewer rows"


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "text/csv; charset=latin-1", "\xff", "application/json,text/csv"]
)
def test_unknown_content_types_are_refused(model, content_type):
    status, message = refusal(model, "1,2,9,AA", content_type)

    assert status == 415
    assert "allowed" in message


def test_a_refusal_is_a_response_of_the_images_web_framework(model):
    response = transform_fn(model, "1,2", "text/csv", "text/csv")

    assert response.status_code == 400
    assert "row 0: 2 values" in response.get_json()["error"]


def test_one_bad_request_does_not_spoil_the_others_of_its_tick(model):
    good = Request(b"1,2,9,AA", "text/csv", "text/csv")
    bad = Request(b"x", "text/csv", "text/csv")

    responses = answer(model, [good, bad, good])

    assert [response.status for response in responses] == [200, 400, 200]
    assert responses[0] == responses[2]
