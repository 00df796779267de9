"""Parse and evaluate the rules of composite alarms.

Grammar: ALARM(name), OK(name), INSUFFICIENT_DATA(name), TRUE, FALSE, AND, OR, NOT, parentheses; AND and OR bind alike
in AWS's documentation, which asks for parentheses where both occur: here AND binds more strongly. A name is an alarm's
name or ARN, in quotes where it holds blanks or parentheses.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from local_aws.cloudwatch.alarm_states import ALARM, INSUFFICIENT_DATA, OK

_STATES = (ALARM, OK, INSUFFICIENT_DATA)
_TOKEN = re.compile(r"\s*(?:(?P<quoted>\"[^\"]+\"|'[^']+')|(?P<parenthesis>[()])|(?P<word>[^\s()\"']+))")
_MOST_ALARMS = 100

StateOf = Callable[[str], str | None]
"""Returns the state of an alarm by its name; None where there is no such alarm."""


class AlarmRuleError(ValueError):
    """A rule that is not well-formed."""


@dataclass
class AlarmRule:
    """A parsed rule."""

    names: list[str] = field(default_factory=list)
    """The alarms that it refers to."""
    is_true: Callable[[StateOf], bool] = lambda _: False


def parse(text: str) -> AlarmRule:
    """Return a rule.

    Raises:
        AlarmRuleError: It is not well-formed, or refers to more than 100 alarms.
    """
    rule = AlarmRule()
    parser = _Parser(text, rule)
    rule.is_true = parser.alternatives()
    if parser.peek():
        raise parser.problem("the end")
    if len(set(rule.names)) > _MOST_ALARMS:
        raise AlarmRuleError(f"AlarmRule refers to {len(set(rule.names))} alarms; allowed are up to {_MOST_ALARMS}.")
    return rule


class _Parser:
    def __init__(self, text: str, rule: AlarmRule) -> None:
        self._text, self._rule, self._tokens, position = text, rule, list[str](), 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if not found:
                raise AlarmRuleError(f"AlarmRule must not contain {text[position:].strip()[0]!r} at {position}.")
            self._tokens.append(found[str(found.lastgroup)])
            position = found.end()

    def alternatives(self) -> Callable[[StateOf], bool]:
        return self._joined("OR", lambda: self._joined("AND", self._factor, all), any)

    def _joined(
        self, word: str, part: Callable[[], Callable[[StateOf], bool]], join: Callable[[list[bool]], bool]
    ) -> Callable[[StateOf], bool]:
        parts = [part()]
        while self.peek() == word:
            self._tokens.pop(0)
            parts.append(part())
        return lambda state_of: join([item(state_of) for item in parts])

    def _factor(self) -> Callable[[StateOf], bool]:
        token = self.peek()
        if token == "NOT":  # noqa: S105 - no password, a word of the grammar
            self._tokens.pop(0)
            inner = self._factor()
            return lambda state_of: not inner(state_of)
        if token == "(":  # noqa: S105 - as above
            self._expect("(")
            inner = self.alternatives()
            self._expect(")")
            return inner
        if token in {"TRUE", "FALSE"}:
            self._tokens.pop(0)
            return lambda _: token == "TRUE"  # noqa: S105 - as above
        if token in _STATES:
            return self._state(self._tokens.pop(0))
        raise self.problem("ALARM(…), OK(…), INSUFFICIENT_DATA(…), NOT, TRUE, FALSE or (")

    def _state(self, state: str) -> Callable[[StateOf], bool]:
        self._expect("(")
        if self.peek() in {"", "(", ")"}:
            raise self.problem("the name or ARN of an alarm")
        name = self._tokens.pop(0).strip("\"'")
        self._expect(")")
        name = name.partition(":alarm:")[2] or name
        self._rule.names.append(name)
        # An alarm that does not exist counts as one without data.
        return lambda state_of: (state_of(name) or INSUFFICIENT_DATA) == state

    def _expect(self, token: str) -> None:
        if self.peek() != token:
            raise self.problem(token)
        self._tokens.pop(0)

    def peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def problem(self, wanted: str) -> AlarmRuleError:
        return AlarmRuleError(f"AlarmRule {self._text!r}: found {self.peek() or 'the end'!r} where {wanted} should be.")
