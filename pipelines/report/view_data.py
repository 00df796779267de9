"""Show the data: rows read and rejected, what became of cancelled flights, late flights by month and split."""

from typing import Any

from pipelines.report.charts_columns import Column, columns
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.wording import count, percent

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def data(run: RunFolder) -> dict[str, Any]:
    """Return the tables and the chart of the data report."""
    told = run.need("data")
    tables = [_table(row) for row in told.rows("tables")]
    months = _months(told)
    if not tables and not months:
        raise MissingPartError("The data report holds neither tables nor months.")
    chart = columns(months, "flights ≥ 30 min late", "Share of late flights by month, with the split") if months else None
    return {"tables": tables, "months": months, "chart": chart, "decisions": _decisions(told), "stages": told.rows("stages")}


def _table(row: Document) -> dict[str, Any]:
    read, accepted = row.number(("rows_read", "read")), row.number(("rows_accepted", "accepted"))
    rejected = row.number(("rows_rejected", "rejected"))
    if rejected is None and read is not None and accepted is not None:
        rejected = read - accepted
    reasons = [(name, value.number()) for name, value in row.items(("reasons", "reason_counts", "rejected_reasons"))]
    reasons += [(r.text(("reason", "name")), r.number(("rows", "count"))) for r in row.rows("reasons") if r.text("reason")]
    return {"name": row.text(("name", "table")), "read": read, "accepted": accepted, "rejected": rejected,
            "reasons": sorted(reasons, key=lambda reason: -(reason[1] or 0))[:4]}  # fmt: skip


def _months(told: Document) -> list[Column]:
    rows = told.rows(("label_rate_by_month", "months", "label_by_month"))
    found = []
    for row in rows:
        rate, month = row.number(("label_rate", "rate", "base_rate")), row.text(("month", "name"))
        if rate is None:
            continue
        name, group = _month_name(month), row.text("split")
        title = f"{name}: {percent(rate)} of {count(row.number(('rows', 'count')))} flights were late"
        found.append(Column(name, rate, group, title))
    return found


def _month_name(month: str) -> str:
    tail = month.rsplit("-", 1)[-1]
    return _MONTHS[int(tail) - 1] if tail.isdecimal() and 1 <= int(tail) <= len(_MONTHS) else month


def _decisions(told: Document) -> list[dict[str, Any]]:
    found = []
    for key, words in (("cancelled", "Cancelled flights"), ("diverted", "Diverted flights")):
        part = told.at(key)
        if part:
            found.append({"name": words, "rows": part.number(("rows", "count")) or part.number(), "words": part.text("decision")})
    return found
