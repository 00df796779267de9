"""Start AWS's scaffold as the managed image's `serve` does: gunicorn with gevent workers around a Flask application."""

import sys

from sagemaker_containers import _server

_server.start(f"{sys.argv[1]}:app")
