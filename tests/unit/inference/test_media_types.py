"""Accept negotiation."""

import pytest

from inference.errors import NotAcceptableError
from inference.media_types import answer_type


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("text/*", "text/csv"),
        ("application/*", "application/json"),
        ("application/jsonlines, application/json", "application/jsonlines"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv"),
        ("text/csv;q=0.5, */*", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
    ],
)
def test_the_client_gets_what_it_likes_best(accept, chosen):
    assert answer_type(accept) == chosen


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "*/*;q=0", "text/csv;q=two", "text/csv;q=1.5", ";;"])
def test_what_cannot_be_had_is_refused(accept):
    with pytest.raises(NotAcceptableError, match="Accept is"):
        answer_type(accept)
