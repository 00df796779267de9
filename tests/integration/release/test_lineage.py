"""Lineage of a released package, on the deployed platform."""

import pytest

from pipelines.lineage.document import lineage_document
from pipelines.lineage.text import render_tree

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_package_leads_to_its_release_and_to_what_serves_it(releases, first):
    assert first[2]["outcome"] == "released"
    package, output = releases.release(verdict="promote", after=1)
    assert output["outcome"] == "promoted", output

    found = lineage_document(releases.target, package, "sandbox")

    (endpoint,) = found["endpoints"]
    (release,) = found["releases"]
    assert endpoint["name"] == releases.endpoint
    assert [variant["variant"] for variant in endpoint["variants"]] == ["champion"]
    assert release["outcome"] == output["outcome"]
    assert len(found["verdicts"]) == output["looks"]
    assert any("registered by hand" in text for text in found["not_found"])
    assert releases.endpoint in render_tree(found)
