"""The report on the command line: one's own roles only, and a reviewed list that fits."""

from local_aws.iam.report_command import review_of, selected

OURS = "arn:aws:iam::123456789012:role/sandbox-training"
CDK = "arn:aws:iam::123456789012:role/cdk-deploy"


def grant(role, action="s3:PutObject"):
    return {"role": role, "policy": "own", "statement": "Write", "action": action}


REPORT = {
    "used_but_not_granted": [{"role": CDK}],
    "granted_but_never_used": [grant(OURS), grant(CDK)],
    "roles": {OURS: {}, CDK: {}},
}


def test_roles_are_selected_by_name():
    own = selected(REPORT, ["sandbox-*"])

    assert own["used_but_not_granted"] == []
    assert own["granted_but_never_used"] == [grant(OURS)]
    assert list(own["roles"]) == [OURS]


def test_unused_grants_are_reviewed_and_other_reasons_left_alone(tmp_path):
    entry = "[[grant]]\nkind = '{}'\nrole = 'sandbox-*'\nstatement = '{}'\nwhat = '*'\nreason = 'r'\nsource = 's'\n"
    path = tmp_path / "reviewed.toml"
    path.write_text(entry.format("unused", "Write") + entry.format("drop", "Other"))

    assert str(review_of(selected(REPORT, ["sandbox-*"]), path)) == ""

    path.write_text(entry.format("unused", "Read"))
    found = review_of(selected(REPORT, ["sandbox-*"]), path)
    assert (len(found.unexplained), len(found.stale)) == (1, 1)
