"""The verbs of `python -m pipelines`, one module each: `SUMMARY`, `configure(parser)` and `run(arguments)`."""
