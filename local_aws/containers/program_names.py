"""Name what the runtime and the stand-in programs of the images agree on."""

PROGRAM_NAMES = frozenset({"train", "serve"})
"""Commands of the managed images that the toolkit stands in for."""

BASE_VARIABLE = "SAGEMAKER_BASE_DIR"
"""Where /opt/ml is. SageMaker's own toolkit reads this variable too."""

ISOLATED_VARIABLE = "LOCAL_AWS_NETWORK_ISOLATED"
"""`1` in a container that reaches no package index; the user's script does not see it."""

SOCKET_VARIABLE = "LOCAL_AWS_SERVE_SOCKET"
"""Container path of the Unix socket on which `serve` listens; by default it is `SOCKET_NAME` in /opt/ml."""

SOCKET_NAME = "serve.sock"
