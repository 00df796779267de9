"""The evaluator agrees with an independent implementation on more than 2,000 generated requests."""

import os
import random

import pytest

from local_aws.iam.evaluator import evaluate
from tests.unit.local_aws.iam.generated_requests import Generator
from tests.unit.local_aws.iam.independent import CORPUS, from_line, verdicts, write_corpus

FOLDER = os.environ.get("IAM_SIMULATE_DIR", "")


def test_it_agrees_on_the_recorded_requests():
    if os.environ.get("IAM_WRITE_CORPUS"):
        write_corpus(FOLDER)
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    cases = [from_line(line) for line in lines]

    wrong = [line for line, (*case, allowed) in zip(lines, cases, strict=True) if evaluate(*case).is_allowed != allowed]

    assert len(cases) >= 2000
    assert sum(allowed for *_, allowed in cases) > 400, "a corpus of denials alone proves little"
    assert wrong == []


@pytest.mark.skipif(not FOLDER, reason="IAM_SIMULATE_DIR names no folder with @cloud-copilot/iam-simulate")
def test_it_agrees_on_new_requests():
    generator = Generator(random.randrange(1 << 30))
    count = int(os.environ.get("IAM_CASES", "500"))
    cases = [generator.case() for _ in range(count)]

    answers = zip(cases, verdicts(cases, FOLDER), strict=True)

    judged = [(case, answer == "Allowed") for case, answer in answers if not answer.startswith("error")]
    assert len(judged) > count * 0.9
    assert [case for case, allowed in judged if evaluate(*case).is_allowed != allowed] == []
