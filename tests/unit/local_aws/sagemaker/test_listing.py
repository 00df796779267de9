"""Filters, order and pages of List* operations."""

from datetime import UTC, datetime, timedelta

import pytest

from local_aws.errors import ValidationError
from local_aws.sagemaker.listing import cut_page, select

START = datetime(2026, 1, 1, tzinfo=UTC)
JOBS = [
    {"Name": name, "Status": status, "CreationTime": START + timedelta(hours=hour)}
    for name, status, hour in [
        ("train-b", "Completed", 2),
        ("train-a", "Failed", 1),
        ("other", "Completed", 3),
    ]
]
KEYS = {"Name": lambda job: job["Name"], "CreationTime": lambda job: job["CreationTime"]}


def names(jobs):
    return [job["Name"] for job in jobs]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ["train-b", "train-a", "other"]),
        ({"NameContains": "TRAIN"}, ["train-b", "train-a"]),
        ({"StatusEquals": "Failed"}, ["train-a"]),
        ({"CreationTimeAfter": START + timedelta(hours=1)}, ["train-b", "other"]),
        ({"CreationTimeBefore": (START + timedelta(hours=2)).timestamp()}, ["train-a"]),
        ({"CreationTimeBefore": "2026-01-01T02:30:00"}, ["train-b", "train-a"]),
        ({"LastModifiedTimeAfter": START}, []),
    ],
)
def test_filters_keep_what_matches(request_, expected):
    assert names(select(JOBS, request_, name="Name", status="Status")) == expected


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ["train-a", "train-b", "other"]),
        ({"SortOrder": "Descending"}, ["other", "train-b", "train-a"]),
        ({"SortBy": "Name"}, ["other", "train-a", "train-b"]),
        ({"MaxResults": 1}, ["train-a"]),
    ],
)
def test_pages_are_sorted_and_cut(request_, expected):
    page, _ = cut_page(JOBS, request_, sort_keys=KEYS, sort_by="CreationTime")

    assert names(page) == expected


def test_tokens_lead_through_all_pages():
    request, seen = {"MaxResults": 2}, []
    while True:
        page, token = cut_page(JOBS, request, sort_keys=KEYS, sort_by="Name")
        seen += names(page)
        if not token:
            break
        request = {**request, **token}

    assert seen == ["other", "train-a", "train-b"]


def test_a_foreign_token_is_refused():
    with pytest.raises(ValidationError, match="NextToken"):
        cut_page(JOBS, {"NextToken": "abc"}, sort_keys=KEYS, sort_by="Name")
