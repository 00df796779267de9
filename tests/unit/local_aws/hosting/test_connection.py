"""Kept-alive connections to a container: reuse, servers that end, answers of every form."""

import socket
import threading

import pytest

from local_aws.hosting.connection import AnswerTimeoutError, ConnectionPool, NoAnswerError, NotDeliveredError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request on a connection with the next of some bytes; None closes the connection."""

    def __init__(self, path):
        self.connections = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()

    def serve(self, *answers):
        threading.Thread(target=self._serve, args=(list(answers),), daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self, answers):
        while answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            self.connections += 1
            with connection:
                while answers and connection.recv(1 << 16):
                    answer = answers.pop(0)
                    if answer is None:
                        break
                    connection.sendall(answer)


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "s")
    yield made
    made.close()


@pytest.fixture
def pool(tmp_path):
    made = ConnectionPool(tmp_path / "s")
    yield made
    made.close()


def ask(pool, timeout=5.0):
    return pool.request("POST", "/invocations", {"Content-Type": "text/csv"}, b"1,2", timeout=timeout)


def test_one_connection_serves_request_after_request(server, pool):
    server.serve(OK, OK, OK)

    assert [ask(pool).body for _ in range(3)] == [b"ok"] * 3
    assert server.connections == 1


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx", 500, b"x"),
    ],
)
def test_answers_of_every_form_are_read(server, pool, raw, status, body):
    server.serve(raw, OK)

    answer = ask(pool)

    assert (answer.status, answer.body, ask(pool).body) == (status, body, b"ok")


def test_an_idle_connection_that_the_server_closed_costs_no_request(server, pool):
    server.serve(OK, None, OK)

    assert (ask(pool).body, ask(pool).body) == (b"ok", b"ok")
    assert server.connections == 2


def test_a_server_that_took_the_request_and_ended_gave_no_answer(server, pool):
    server.serve(None)

    with pytest.raises(NoAnswerError, match="ended before the answer did"):
        ask(pool)


def test_a_server_that_never_read_the_request_may_be_replaced_by_another(server, pool):
    asking = threading.Timer(0.05, server.close)  # the connection waits in the queue of the listener
    asking.start()

    with pytest.raises(NotDeliveredError):
        ask(pool)


def test_a_missing_server_took_nothing(pool):
    with pytest.raises(NotDeliveredError, match="no server listens"):
        ask(pool)


def test_a_slow_server_is_not_awaited_for_ever(server, pool):
    server.serve(b"", b"")

    with pytest.raises(AnswerTimeoutError, match=r"no answer within 0\.05 s"):
        ask(pool, timeout=0.05)
