"""Hold the names that others use to find the pipeline and its parts."""

PIPELINE_NAME = "flight-delay-training"
EVALUATION_REPORT = "EvaluationReport"
NO_CHAMPION_MARKER = "NO_CHAMPION"
