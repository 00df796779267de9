"""Stand in for the XGBoost image's algorithm mode: no script, only hyperparameters and channels. A simulation."""
