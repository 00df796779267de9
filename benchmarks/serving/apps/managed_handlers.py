"""This project's handlers in the managed image's server: its documented `transform_fn`."""

import os

from sagemaker_containers import _transformer, _worker

from inference.handlers import model_fn, transform_fn

_application = _transformer.Transformer(
    model_fn=lambda _folder: model_fn(os.environ["BENCHMARK_MODEL"]), transform_fn=transform_fn
)
_application.initialize()
app = _worker.Worker(transform_fn=_application.transform, module_name="managed_handlers")
