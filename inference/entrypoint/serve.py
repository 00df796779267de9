"""Script mode's serving entry point: lies in the model's `code/` folder, beside the packages."""

from inference.handlers import model_fn, transform_fn

__all__ = ["model_fn", "transform_fn"]
