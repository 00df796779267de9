"""Stand in for the images' `serve` command: an HTTP server around the user's handlers or a bare XGBoost model.

How the pieces fit: `serve` picks a `Predictor` (`script` for the user's functions, `xgboost_model` without them) and
hands it to a `ModelServer` (`http_server`), which speaks /ping, /invocations and /execution-parameters. A simulation.
"""
