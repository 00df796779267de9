"""Write a run down: a table to read, JSON to compute with, and a chart."""

import json
import os
import platform
from pathlib import Path

from benchmarks.serving.chart import draw
from benchmarks.serving.rounds import BATCH, CELLS, MANAGED, Run

_STAND_IN = (
    "The stand-in is the managed image's scaffold without nginx: each request has its own connection, as nginx's have."
)
_NOTES = (
    "CPU is user and system time of all of a server's processes a request. Ratios are of the same round.",
    "uvicorn runs with uvloop here: without it `--workers` loses TCP_NODELAY, and a keep-alive request waits 44 ms.",
)


def write_report(run: Run, folder: Path) -> str:
    """Write latest.json, latest.txt and latest.svg; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.machine()}"
    text = "\n".join([*table(run), "", *_notes(run)])
    (folder / "latest.txt").write_text(f"{machine}\n{text}\n")
    (folder / "latest.json").write_text(json.dumps({"machine": machine} | run.to_dict(), indent=2) + "\n")
    (folder / "latest.svg").write_text(draw(run))
    return f"{text}\n→ {folder}/latest.{{txt,json,svg}}"


def table(run: Run) -> list[str]:
    """Medians over the rounds, one line a stack and cell."""
    head = f"{'':<48}{'requests/s':>11}{'rows/s':>9}{'p50 µs':>11}{'p99 µs':>11}{'CPU µs':>11}{'x managed':>11}"
    lines = []
    for cell in CELLS:
        lines += ["", f"{cell.name}{head[len(cell.name) :]}"]
        for stack in run.stacks:
            rate, rows, p50, p99, cpu = (
                run.median(stack.name, cell, field)
                for field in ("requests_per_second", "rows_per_second", "p50_us", "p99_us", "cpu_us")
            )
            ratio = run.ratio(stack.name, MANAGED, cell, "requests_per_second")
            lines.append(
                f"  {stack.label:<46}{rate:>11,.0f}{rows:>9,.0f}{p50:>11,.0f}{p99:>11,.0f}{cpu:>11,.1f}{ratio:>11.1f}"
            )
    return lines


def _notes(run: Run) -> list[str]:
    loud = [each for each in run.results if not each.is_quiet]
    notes = [*([_STAND_IN] if any(stack.closes for stack in run.stacks) else []), *_NOTES]
    if loud:
        worst = max(each.others_cores for each in loud)
        notes.append(
            f"NOISE: in {len(loud)} of {len(run.results)} measurements other processes used more than 0.2 CPUs (up to "
            f"{worst:.1f}): trust CPU and ratios, not rates."
        )
    per_row = run.median("own", BATCH, "cpu_us") / BATCH.rows
    notes.append(f"Own server, CPU a row in batches of {BATCH.rows}: {per_row:.2f} µs.")
    notes.append(
        "Start until the first /ping: " + ", ".join(f"{n} {s:.1f} s" for n, s in run.boot_seconds.items()) + "."
    )
    return notes
