"""Show which features move the predictions, each with a sentence on what it is."""

from typing import Any

from pipelines.report import charts_rows
from pipelines.report.documents import MissingPartError, RunFolder

_SHOWN = 15


def features(run: RunFolder) -> dict[str, Any]:
    """Return the strongest features by mean absolute attribution."""
    rows = run.need("evaluation").rows("attributions")
    found = [
        (row.text(("feature", "name")), value, row.text("description"))
        for row in rows
        if (value := row.number(("mean_abs_shap", "mean_absolute_shap", "value", "attribution"))) is not None
    ]
    if not found:
        raise MissingPartError("The evaluation holds no attributions.")
    found.sort(key=lambda item: -item[1])
    words = {row.text("name"): row.text("description") for row in run["features"].rows("features")}
    top, total = found[0][1] or 1.0, sum(value for _, value, _ in found) or 1.0
    shown = [
        {
            "name": name,
            "value": value,
            "chart": charts_rows.bar(value / top),
            "words": _sentence(told or words.get(name, "")),
        }
        for name, value, told in found[:_SHOWN]
    ]
    return {
        "rows": shown,
        "count": len(found),
        "shown_share": sum(value for _, value, _ in found[:_SHOWN]) / total,
    }  # fmt: skip


def _sentence(words: str) -> str:
    return words and words[0].upper() + words[1:] + ("" if words.endswith(".") else ".")
