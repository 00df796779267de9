"""Start the server: `python -m inference.server`; a container's argument `serve` is understood."""

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence

from inference.errors import ModelError
from inference.server.settings import ServerError, Settings


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Serve until SIGTERM; the exit code is 0 after a drain, 1 where the server could not start or keep going."""
    parser = argparse.ArgumentParser(prog="python -m inference.server", description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", choices=["serve"], help="what SageMaker calls a container with")
    for option in ("host", "port", "unix-socket", "workers", "model-dir"):
        parser.add_argument(f"--{option}")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    # The supervisor forks, and threads of a parallel region do not survive that.
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        settings = Settings.read(vars(arguments), environ)
        # Here, for OpenMP reads its variable when XGBoost is imported.
        from inference.server.supervisor import serve  # noqa: PLC0415

        return serve(settings, environ)
    except (ServerError, ModelError) as error:
        print(f"the model server cannot start: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
