"""The HTTP server keeps connections and hands bodies over whole."""

import http.client
import threading

import pytest

from local_aws.http_server import HttpServer


def echo(environ, start_response):
    body = (
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1)) if environ["PATH_INFO"] != "/skip" else b""
    )
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])])
    return [environ["REQUEST_METHOD"].encode(), b" ", body]


@pytest.fixture
def connection():
    server = HttpServer(0, echo)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    yield client
    client.close()
    server.shutdown()
    server.server_close()


def ask(connection, method, path, body=None, **options):
    connection.request(method, path, body, **options)
    response = connection.getresponse()
    return response, response.read()


def test_a_connection_serves_many_requests(connection):
    _, first = ask(connection, "POST", "/a", b"one")
    socket = connection.sock
    _, second = ask(connection, "PUT", "/b", b"two")

    assert (first, second) == (b"POST one", b"PUT two")
    assert connection.sock is socket


def test_an_unread_body_does_not_spoil_the_next_request(connection):
    ask(connection, "POST", "/skip", b"x" * 100_000)

    assert ask(connection, "GET", "/a")[1] == b"GET "


def test_a_chunked_body_arrives_whole(connection):
    _, body = ask(connection, "PUT", "/a", iter([b"ab", b"cde"]), encode_chunked=True)

    assert body == b"PUT abcde"


def test_head_has_no_body(connection):
    response, body = ask(connection, "HEAD", "/a")

    assert (response.status, body) == (200, b"")
    assert ask(connection, "GET", "/a")[1] == b"GET "


def test_paths_are_decoded(connection):
    response, _ = ask(connection, "GET", "/a%20b/%C3%BC")

    assert response.headers["X-Path"].encode("latin-1").decode() == "/a b/ü"


def test_a_header_without_a_colon_is_refused(connection):
    connection.connect()
    connection.sock.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\nno header\r\n\r\n")

    assert connection.sock.recv(1 << 16).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(connection):
    connection.connect()
    connection.sock.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    asked = connection.sock.recv(1 << 16)
    connection.sock.sendall(b"ab")

    assert asked.startswith(b"HTTP/1.1 100 ")
    answer = b""
    while b"PUT ab" not in answer and (more := connection.sock.recv(1 << 16)):
        answer += more
    assert answer.endswith(b"PUT ab")
