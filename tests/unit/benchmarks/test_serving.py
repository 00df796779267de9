import asyncio
import json
import re
import xml.etree.ElementTree as ET

import pytest

from benchmarks.serving import client
from benchmarks.serving.chart import draw
from benchmarks.serving.report import table
from benchmarks.serving.rounds import BATCH, CELLS, SIXTEEN, Result, Run, targets
from benchmarks.serving.stacks import FASTAPI, HANDLERS, MANAGED, OWN, Stack


def make_run(own=3000.0, managed=100.0, handlers=200.0, own_cpu=10.0, managed_cpu=1000.0):
    rates = {OWN: own, MANAGED: managed, HANDLERS: handlers, FASTAPI: 50.0}
    results = [
        Result(name, cell.name, number, rate * (number + 1), rate * cell.rows * (number + 1), 1.0, 2.0, cpu, 8.0, 0.0)
        for number in range(3)
        for cell in CELLS
        for name, rate in rates.items()
        for cpu in [own_cpu if name == OWN else managed_cpu]
    ]
    stacks = [Stack(name, f"the {name} stack", False, False, None) for name in rates]
    return Run(stacks, results, {OWN: 1.0})


def load(answer, tmp_path, **changes):
    """Load a server that answers every request with the same bytes."""
    bodies = tmp_path / "bodies.json"
    bodies.write_text(json.dumps(["1,2\n", "3,4\n"]))

    async def talk(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(re.search(rb"Content-Length: (\d+)", head)[1]))
                for part in answer:
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run():
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        settings = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "path": "/invocations"}
        settings |= {"bodies": str(bodies), "connections": 2, "seconds": 0.1, "warm_seconds": 0.01, "closes": False}
        async with server:
            return await client.run(settings | changes)

    return asyncio.run(run())


@pytest.mark.parametrize("closes", [False, True])
def test_the_client_counts_whole_answers(tmp_path, closes):
    found = load([b"HTTP/1.1 200 OK\r\ncontent-", b"length: 5\r\n\r\n0", b".25\n"], tmp_path, closes=closes)

    assert found["error_count"] == 0
    assert found["requests"] > 5
    assert 0 < found["p50_us"] <= found["p99_us"]


def test_the_client_counts_every_answer_that_is_no_success(tmp_path):
    found = load([b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"], tmp_path)

    assert found["error_count"] >= found["requests"] > 0
    assert found["errors"][0] == "HTTP/1.1 500 Internal Server Error"


def test_ratios_are_those_of_one_round():
    assert make_run().ratio(OWN, MANAGED, SIXTEEN, "requests_per_second") == pytest.approx(30)


def test_the_bounds_are_kept_by_a_fast_server_and_missed_by_a_slow_one():
    assert all(bound.is_within_target for bound in targets(make_run()))
    assert not any(bound.is_within_target for bound in targets(make_run(own=400, handlers=130, own_cpu=100)))


def test_a_managed_image_whose_processes_cannot_be_seen_has_no_cpu_bound():
    names = [bound.name for bound in targets(make_run(managed_cpu=float("nan")))]

    assert not any("CPU" in name for name in names)


def test_table_and_chart_name_every_stack_in_every_cell():
    run = make_run()
    lines = table(run)
    texts = [each.text for each in ET.fromstring(draw(run)).iter("{http://www.w3.org/2000/svg}text")]

    for stack in run.stacks:
        assert sum(stack.label in line for line in lines) == len(CELLS)
        assert texts.count(stack.label) == len(CELLS)
    assert BATCH.name in texts
    assert "30 \u00d7" in texts
