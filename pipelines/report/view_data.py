"""Show the data: rows read and rejected, what became of cancelled flights, late flights by month and split."""

from typing import Any

from pipelines.report.charts_columns import Column, columns
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.wording import count, percent

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REASONS = 4


def data(run: RunFolder) -> dict[str, Any]:
    """Return the tables and the chart of the data report."""
    told = run.need("data")
    tables = [_table(row) for row in told.rows("tables")]
    months = _months(told)
    if not tables and not months:
        raise MissingPartError("The data report holds neither tables nor months.")
    chart = columns(months, "flights at least 30 minutes late", _spoken(months)) if months else None
    outcomes = told.at("outcomes")
    return {
        "tables": tables,
        "chart": chart,
        "outcomes": {name: outcomes.number(name) for name in ("arrived", "cancelled", "diverted")},
        "decision": outcomes.text("decision"),
        "stages": [(row.text("name"), row.number("seconds"), row.number("peak_rss_mb")) for row in told.rows("stages")],
        "missing": sorted(
            ((row.text("name"), share) for row in told.rows("features") if (share := row.number("missing_share"))),
            key=lambda pair: -pair[1],
        ),
    }


def _table(row: Document) -> dict[str, Any]:
    read, accepted = row.number(("rows_read", "read")), row.number(("rows_accepted", "accepted"))
    rejected = row.number(("rows_rejected", "rejected"))
    if rejected is None and read is not None and accepted is not None:
        rejected = read - accepted
    reasons = [(f"rejected: {name}", value.number()) for name, value in row.items(("rejected_by_reason", "reasons"))]
    reasons.sort(key=lambda reason: -(reason[1] or 0))
    reasons += [(f"set to missing: {name}", value.number()) for name, value in row.items("values_set_to_missing")]
    return {
        "name": row.text("name"), "read": read, "accepted": accepted, "rejected": rejected,
        "limit": row.number("max_rejected_fraction"), "reasons": reasons[:_REASONS], "more": len(reasons) - _REASONS,
    }  # fmt: skip


def _months(told: Document) -> list[Column]:
    found: list[tuple[str, Column]] = []
    for split, part in told.items("splits"):
        for month, row in part.items("months"):
            rate = row.number("label_rate")
            if rate is None:
                continue
            name = _month_name(month)
            title = f"{name}: {percent(rate)} of {count(row.number('rows'))} flights were late"
            found.append((month, Column(name, rate, split, title)))
    return [column for _, column in sorted(found, key=lambda pair: pair[0])]


def _month_name(month: str) -> str:
    tail = month.rpartition("-")[2]
    return _MONTHS[int(tail) - 1] if tail.isascii() and tail.isdigit() and 1 <= int(tail) <= len(_MONTHS) else month


def _spoken(months: list[Column]) -> str:
    return "Share of late flights by month: " + ", ".join(f"{m.name} {percent(m.value)} ({m.group})" for m in months)
