"""Search hyperparameters: one tuning job, many training jobs."""
