"""Search hyperparameters: one tuning job, many training jobs.

How the pieces fit: `validation` accepts or refuses a request; `plan` turns it into a `TuningPlan` of `ranges` and a
search (`strategies`, `bayesian`, `warm_start`). `tuner.Tuner` is the loop: it proposes, starts and stops trials through
the `Trainer` port, asks `early_stopping` and `completion` what to do with each event, and publishes its `trials`.
`training_jobs` is the port's real side (boto3 and the store); `record` writes what the API describes.
"""
