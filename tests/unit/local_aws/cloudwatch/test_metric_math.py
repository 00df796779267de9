"""Metric math gives what CloudWatch's documentation says."""

import pytest

from local_aws.cloudwatch.expression_parser import ExpressionError, parse
from local_aws.cloudwatch.metric_math import Scope, evaluate

M1, M2 = {0: 1.0, 60: 2.0, 120: 3.0}, {0: 10.0, 120: 0.0}
SCOPE = Scope({"m1": M1, "m2": M2, "empty": {}}, ["m1", "m2"], (0, 60, 120), 60)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("m1 + 1", {0: 2, 60: 3, 120: 4}),
        ("m1 + m2", {0: 11, 120: 3}),
        ("m1 / m2", {0: 0.1}),
        ("2 * (m1 - 1) ^ 2", {0: 0, 60: 2, 120: 8}),
        ("-m1", {0: -1, 60: -2, 120: -3}),
        ("FILL(m2, 5)", {0: 10, 60: 5, 120: 0}),
        ("FILL(m2, REPEAT)", {0: 10, 60: 10, 120: 0}),
        ("FILL(m2, LINEAR)", {0: 10, 60: 5, 120: 0}),
        ("FILL(empty, 0)", {0: 0, 60: 0, 120: 0}),
        ("SUM(METRICS())", {0: 11, 60: 2, 120: 3}),
        ("AVG([m1, m2])", {0: 5.5, 60: 2, 120: 1.5}),
        ("MAX(m1)", 3),
        ("SUM(m1)", 6),
        ("m1 > 1", {0: 0, 60: 1, 120: 1}),
        ("m1 > 1 AND m1 < 3", {0: 0, 60: 1, 120: 0}),
        ("IF(m1 >= 2, m1, 0)", {0: 0, 60: 2, 120: 3}),
        ("IF(m1 >= 2, m2)", {120: 0}),
        ("RATE(m1)", {60: 1 / 60, 120: 1 / 60}),
        ("RUNNING_SUM(m1)", {0: 1, 60: 3, 120: 6}),
        ("METRIC_COUNT(METRICS())", 2),
        ("m1 / PERIOD(m1)", {0: 1 / 60, 60: 2 / 60, 120: 3 / 60}),
        ("ABS(m1 - 2)", {0: 1, 60: 0, 120: 1}),
    ],
)
def test_an_expression_has_the_documented_value(expression, value):
    assert evaluate(parse(expression), SCOPE) == pytest.approx(value)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("m1 +", "a value is missing"),
        ("(m1", r"expected '\)', found ''"),
        ("m9 * 2", "id 'm9' is not known; known are empty, m1, m2"),
        ("SEARCH('x', 'Sum', 60)", "does not simulate the metric math function SEARCH"),
        ("m1 ; m2", "unexpected ';'"),
        ("FILL(m1)", "FILL takes two arguments"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_the_reason(expression, words):
    with pytest.raises(ExpressionError, match=words):
        evaluate(parse(expression), SCOPE)
