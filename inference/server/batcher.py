"""Answer together what arrived together: all requests that became readable in one tick of the event loop.

Nothing waits for company: a lone request is answered in the same tick. Under load a tick finds many requests, and one
call of the engine for twenty rows costs little more than one for a single row.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from inference.model import ServedModel
from inference.scoring import Request, Response, answer

Send = Callable[[Response], None]


@dataclass(slots=True)
class _Waiting:
    send: Send
    request: Request | None
    response: Response | None


class Batcher:
    """The requests of the present tick, in the order in which they came."""

    def __init__(self, model: ServedModel, loop: asyncio.AbstractEventLoop) -> None:
        self._model = model
        self._loop = loop
        self._waiting: list[_Waiting] = []

    def score(self, request: Request, send: Send) -> None:
        """Answer an invocation at the end of this tick."""
        self._add(_Waiting(send, request, None))

    def reply(self, response: Response, send: Send) -> None:
        """Send a ready answer, but not before the answers to what came earlier."""
        self._add(_Waiting(send, None, response))

    def flush(self) -> None:
        """Answer everything that waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        requests = [each.request for each in waiting if each.request is not None]
        answers = iter(answer(self._model, requests)) if requests else iter(())
        for each in waiting:
            each.send(next(answers) if each.response is None else each.response)

    def _add(self, waiting: _Waiting) -> None:
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(waiting)
