"""Serving speed, side by side in one run: this project's server against the managed image's stack and FastAPI.

workload    the model, the rows, the requests
peers       a virtual environment for the other stacks
stacks      how each server is started
client      the load, in a process of its own
accounting  CPU time of a server, and of everybody else
rounds      alternated rounds of cells
report      table, JSON and chart
"""

from benchmarks.serving.rounds import measure

__all__ = ["measure"]
