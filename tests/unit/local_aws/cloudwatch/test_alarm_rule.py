"""Rules of composite alarms are read as AWS documents them."""

import pytest

from local_aws.cloudwatch.alarm_rule import AlarmRuleError, parse

STATES = {"hot": "ALARM", "cold": "OK", "new one": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("rule", "is_true"),
    [
        ("ALARM(hot)", True),
        ("ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:hot)", True),
        ('OK(cold) AND INSUFFICIENT_DATA("new one")', True),
        ("NOT ALARM(hot)", False),
        ("NOT (ALARM(hot) AND ALARM(cold))", True),
        ("ALARM(cold) OR ALARM(hot)", True),
        ("ALARM(cold) AND ALARM(hot) OR TRUE", True),
        ("FALSE", False),
        ("ALARM(gone) OR INSUFFICIENT_DATA(gone)", True),
    ],
)
def test_a_rule_says_what_its_alarms_say(rule, is_true):
    assert parse(rule).is_true(STATES.get) is is_true


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("ALARM(hot", "found 'the end' where . should be"),
        ("ALARM()", "the name or ARN of an alarm"),
        ("BROKEN(hot)", "found 'BROKEN' where ALARM"),
        ("ALARM(hot) ALARM(cold)", "found 'ALARM' where the end should be"),
        (" OR ".join(f"ALARM(a{number})" for number in range(101)), "refers to 101 alarms"),
    ],
)
def test_a_rule_that_is_none_is_refused(rule, words):
    with pytest.raises(AlarmRuleError, match=words):
        parse(rule)
