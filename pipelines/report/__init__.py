"""Turn the folder which a run leaves behind into one page for people: `report.html`.

    run folder → documents.py (tolerant reading) → view_*.py (one section each: numbers, words, charts)
               → page.py + templates/ (HTML) → report.html

Nothing here computes a metric of the model: it draws what the jobs wrote. A part whose file is missing becomes a
sentence that says so; a report is written for failed runs, too.
"""

from pipelines.report.page import write_report

__all__ = ["write_report"]
