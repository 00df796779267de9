"""SageMaker's container contract and HTTP, spoken to a running server."""

import json
import socket
import statistics
import time

import pytest

from tests.integration.inference.conftest import GOOD, running

HEAD = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nAccept: text/csv\r\n"
REQUEST = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD)


def ask(server, method, path):
    client = server.connect()
    client.request(method, path)
    response = client.getresponse()
    answer = response.status, response.read(), dict(response.getheaders())
    client.close()
    return answer


def raw(server, *parts, half_close=False):
    """Everything that the server sends until it closes, or falls silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        for part in parts:
            client.sendall(part)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        received = client.recv(65536)
        client.settimeout(0.4)
        try:
            while chunk := client.recv(65536):
                received += chunk
        except TimeoutError:
            return received + b"<open>"
        return received + b"<closed>"


def test_ping_says_what_is_served_and_quickly(server):
    started = time.monotonic()

    status, body, _ = ask(server, "GET", "/ping")

    assert status == 200
    assert json.loads(body)["model_version"] == "7"
    assert json.loads(body)["status"] == "ready"
    assert time.monotonic() - started < 2


def test_execution_parameters_fit_batch_transform(server):
    _, body, _ = ask(server, "GET", "/execution-parameters")

    assert json.loads(body) == {"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("HEAD", "/nope", 404),
        ("POST", "/", 404),
        ("GET", "/invocations", 405),
        ("POST", "/ping", 405),
        ("HEAD", "/ping", 405),
        ("PUT", "/invocations", 405),
    ],
)
def test_other_paths_and_methods_are_refused_in_json(server, method, path, status):
    answer, body, headers = ask(server, method, path)

    assert answer == status
    assert headers["Content-Type"] == "application/json"
    assert method == "HEAD" or "error" in json.loads(body)
    assert ("Allow" in headers) is (status == 405)


def test_a_query_string_changes_nothing(server):
    assert raw(server, REQUEST.replace(b"/invocations ", b"/invocations?a=1 ")).startswith(b"HTTP/1.1 200")


def test_small_requests_on_one_connection_do_not_wait_for_acknowledgements(server):
    """Without TCP_NODELAY each answer after the first takes 40 ms."""
    client = server.connect()
    seconds = []
    for _ in range(30):
        started = time.perf_counter()
        assert server.post(connection=client)[0] == 200
        seconds.append(time.perf_counter() - started)
    client.close()

    assert statistics.median(seconds) < 0.03


def test_pipelined_requests_are_answered_in_order(server):
    bad = HEAD + b"Content-Length: 1\r\n\r\nx"
    ping = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"

    received = raw(server, REQUEST + bad + ping + REQUEST)

    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400", b"200", b"200"]
    assert received.endswith(b"<open>")


def test_a_request_may_come_byte_by_byte_and_in_chunks(server):
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\n12.5\r\n7\r\n,3,9,AA\r\n0\r\n\r\n"
    whole = raw(server, REQUEST)

    assert raw(server, chunked) == whole
    assert raw(server, *(chunked[at : at + 1] for at in range(len(chunked)))) == whole


def test_a_client_that_waits_for_permission_gets_it(server):
    expecting = HEAD + b"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n"

    assert raw(server, expecting).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert raw(server, expecting, GOOD).split(b"\r\n\r\n")[1].startswith(b"HTTP/1.1 200 OK")
    assert b" 417 " in raw(server, expecting.replace(b"100-continue", b"200-ok"))


def test_a_client_may_close_its_side_before_the_answer(server):
    received = raw(server, REQUEST, half_close=True)

    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"<closed>")


def test_connections_of_http_1_0_close_unless_asked_to_stay(server):
    assert b"Connection: close" in raw(server, b"GET /ping HTTP/1.0\r\n\r\n")
    kept = raw(server, b"GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"Connection: keep-alive" in kept
    assert kept.endswith(b"<open>")


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_hears_so_even_while_it_sends(server, announced):
    size = 7 * 1024 * 1024
    body = b"1" * size if announced else (b"1" * 65536 for _ in range(size // 65536))

    status, answer = server.post(body)

    assert status == 413
    assert b"larger than 6,291,456 bytes" in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00", b"400"),
        (b"GET /ping HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"GET /ping HTTP/9.9\r\n\r\n", b"400"),
        (b"GET /ping HTTP/1.1\r\nX: " + b"a" * 70_000, b"431"),
        (b"GET /ping HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (HEAD + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_request_is_answered_and_cut_off(server, sent, status):
    received = raw(server, sent)

    assert received.split(b" ")[1] == status
    assert received.endswith(b"<closed>")


def test_an_upgrade_is_not_followed(server):
    received = raw(server, b"GET /ping HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"<closed>")


def test_a_server_without_a_model_says_why_and_does_not_start(tmp_path):
    with (
        pytest.raises(AssertionError, match="the model server cannot start: model folder"),
        running(tmp_path, tmp_path),
    ):
        pass
