"""HTTP responses as bytes."""

from http import HTTPStatus

from inference.scoring import Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def to_bytes(response: Response, *, closes: bool = False, is_head: bool = False, is_old: bool = False) -> bytes:
    """The whole response in one piece: a second write would wait for the client's delayed acknowledgement.

    Args:
        response: What to send.
        closes: Whether the connection ends with it.
        is_head: Whether the request was HEAD, whose answer has no body.
        is_old: Whether the client speaks HTTP/1.0, which keeps a connection only if told so.
    """
    connection = b"Connection: close\r\n" if closes else b"Connection: keep-alive\r\n" if is_old else b""
    head = b"%sContent-Type: %s\r\nContent-Length: %d\r\n%s%s\r\n" % (
        _LINES[response.status],
        response.content_type.encode(),
        len(response.body),
        _ALLOW.get(response.status, b""),
        connection,
    )
    return head if is_head else head + response.body


# Both answers about methods are the same for every path: POST /invocations, GET for the others.
_ALLOW = {HTTPStatus.METHOD_NOT_ALLOWED.value: b"Allow: GET, POST\r\n"}
