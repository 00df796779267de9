"""Script mode's serving entry point: lies in the model's `code/` folder, beside the packages."""

from inference.handlers import input_fn, model_fn, output_fn, predict_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]
