"""Batch transform cuts, filters, joins and assembles records."""

import pytest

from local_aws.errors import JobFailedError, ValidationError
from local_aws.jobs import json_path
from local_aws.jobs.transform_data import TransformData


def make(*, kind="text/csv", split="Line", **job):
    assembly = job.pop("assembly", split)
    return TransformData(
        {
            "TransformInput": {"ContentType": kind, "SplitType": split},
            "TransformOutput": {"Accept": kind, "AssembleWith": assembly},
            **job,
        }
    )


def bodies(data, content):
    return [payload.body for payload in data.payloads(content, "a")]


def answered(data, content, answer):
    (payload,) = data.payloads(content, "a")
    return data.result(payload, answer, "a")


def test_records_share_a_payload():
    assert bodies(make(), b"1\n2\n3\n") == [b"1\n2\n3"]


def test_single_record_sends_one_each():
    assert bodies(make(BatchStrategy="SingleRecord"), b"1\n2\n") == [b"1", b"2"]


def test_without_split_the_file_is_the_payload():
    assert bodies(make(split="None"), b"1\n2\n") == [b"1\n2\n"]


def test_payloads_stay_below_the_limit():
    content = b"\n".join([b"x" * 400_000] * 5)

    assert [len(body) for body in bodies(make(MaxPayloadInMB=1), content)] == [800_001, 800_001, 400_000]


def test_a_record_above_the_limit_fails():
    with pytest.raises(JobFailedError, match="larger than MaxPayloadInMB"):
        bodies(make(MaxPayloadInMB=1), b"x" * 2_000_000)


def test_json_records_are_joined_under_sagemakers_names():
    data = make(kind="application/json", DataProcessing={"JoinSource": "Input"})

    assert answered(data, b'{"id":1}\n', b'{"p":0.5}\n') == b'{"id":1,"SageMakerOutput":{"p":0.5}}\n'
    assert answered(data, b"[1]\n", b"2\n") == b'{"SageMakerInput":[1],"SageMakerOutput":2}\n'


def test_an_output_filter_works_without_a_join():
    assert answered(make(DataProcessing={"OutputFilter": "$[1]"}), b"1,2\n", b"no,0.9\n") == b"0.9\n"


def test_a_join_needs_one_answer_a_record():
    with pytest.raises(JobFailedError, match=r"mismatched line count between the input \(2\) and the output \(1\)"):
        answered(make(DataProcessing={"JoinSource": "Input"}), b"1\n2\n", b"9\n")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$", [1, [2, 3], {"a": 4}]),
        ("$[0]", 1),
        ("$[-1].a", 4),
        ("$[1][1:]", [3]),
        ("$[0, 1]", [1, [2, 3]]),
        ("$[2]['a']", 4),
        ("$[9]", None),
    ],
)
def test_json_path(expression, expected):
    assert json_path.select(json_path.parse(expression), [1, [2, 3], {"a": 4}]) == expected


@pytest.mark.parametrize("expression", ["a", "$..a", "$[?(@.a)]", "$[*]"])
def test_an_unknown_json_path_is_refused(expression):
    with pytest.raises(ValidationError, match="cannot evaluate the JSONPath"):
        json_path.parse(expression)
