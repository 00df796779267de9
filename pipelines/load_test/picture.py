"""Draw a load test: latency against requests per second, and the instances over time."""

from collections.abc import Sequence

from markupsafe import Markup

from pipelines.load_test.measure import Step
from pipelines.load_test.scaling import Moment
from pipelines.report.charts_plane import Plane
from pipelines.report.scales import Scale, covering

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 620, 300, 62, 590, 28, 250


def latency_chart(steps: Sequence[Step], target_ms: float) -> Markup:
    """Return p99 over requests per second, one dot a number of clients."""
    x = covering([0.0, *(step.requests_per_second for step in steps)], _LEFT, _RIGHT)
    y = covering([0.0, target_ms, *(step.p99_ms for step in steps)], _BOTTOM, _TOP)
    plane = Plane(
        _WIDTH, _HEIGHT, x, y, "requests per second, one instance", "p99, ms",
        "99th percentile of latency against requests per second",
    )  # fmt: skip
    points = [(step.requests_per_second, step.p99_ms) for step in steps]
    dots = [plane.dot(point, f"{step.clients} clients") for step, point in zip(steps, points, strict=True)]
    limit = plane.line([(x.low, target_ms), (x.high, target_ms)], "reference")
    return plane.draw(limit, plane.line(points, "line soft"), *dots)


def scaling_chart(moments: Sequence[Moment]) -> Markup:
    """Return the number of instances over time, with the moment when the load ended."""
    most = max(moment.instances for moment in moments)
    x = Scale(0, max(moments[-1].minutes, 1.0), _LEFT, _RIGHT)
    plane = Plane(
        _WIDTH, _HEIGHT, x, Scale(0, most + 0.5, _BOTTOM, _TOP), "minutes", "instances in service",
        f"Instances over time: at most {most}", y_ticks=[float(count) for count in range(most + 1)],
    )  # fmt: skip
    stairs: list[tuple[float, float]] = []
    for moment in moments:
        if stairs:
            stairs.append((moment.minutes, stairs[-1][1]))
        stairs.append((moment.minutes, float(moment.instances)))
    ended = next((moment.minutes for moment in moments if not moment.is_loaded), moments[-1].minutes)
    end = plane.line([(ended, 0.0), (ended, most + 0.5)], "reference")
    return plane.draw(plane.line(stairs), end, plane.note((ended, most + 0.3), "load ends"))
