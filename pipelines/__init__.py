"""Build, check, deploy and follow the training pipeline."""
