"""A reviewed list has a reason for everything found, and nothing else."""

import pytest

from local_aws.iam.findings import Finding, Reason, ReviewError, read_reasons, review

ROLE = "arn:aws:iam::123456789012:role/sandbox/Training-RoleA1B2"
UNUSED = Finding("unused", ROLE, "AttachToVpc", "ec2:DescribeVpcs")


def reason(**changes):
    given = {"kind": "unused", "role": "Training-*", "statement": "AttachToVpc", "what": "ec2:*"}
    return Reason(**{**given, "reason": "the platform calls it", "source": "https://docs.aws.amazon.com/x", **changes})


def test_a_pattern_explains_a_finding():
    assert review([UNUSED], [reason()]) == review([], [])


@pytest.mark.parametrize(
    "changes", [{"kind": "drop"}, {"role": "Pipeline-*"}, {"statement": "Logs"}, {"what": "ec2:Create*"}]
)
def test_what_does_not_fit_leaves_the_finding_unexplained_and_the_reason_stale(changes):
    found = review([UNUSED], [reason(**changes)])

    assert found.unexplained == (UNUSED,)
    assert found.stale == (reason(**changes),)
    assert "remove the grant or give a reason" in str(found)
    assert "explains nothing: remove it" in str(found)


def test_a_list_is_read_from_toml(tmp_path):
    path = tmp_path / "reviewed.toml"
    path.write_text(
        "[[grant]]\nkind = 'unused'\nrole = '*'\nstatement = 'A'\nwhat = 'b:C'\nreason = 'r'\nsource = 's'\n"
    )

    assert read_reasons(path) == [Reason("unused", "*", "A", "b:C", "r", "s")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[grant]]\nkind = 'unused'", "reason, role, source, statement, what: each entry says"),
        ("[[grant]]\nkind='all'\nrole='a'\nstatement='b'\nwhat='c'\nreason='d'\nsource='e'", "kind 'all' is unknown"),
        (
            "[[grant]]\nkind='drop'\nrole='a'\nstatement='b'\nwhat='c'\nreason=' '\nsource='e'",
            "reason: each entry says",
        ),
        ("[[grant", "cannot be read"),
    ],
)
def test_a_list_that_says_too_little_is_refused(tmp_path, text, problem):
    path = tmp_path / "reviewed.toml"
    path.write_text(text)

    with pytest.raises(ReviewError, match=problem):
        read_reasons(path)
