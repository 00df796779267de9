"""A served model for the handlers' tests."""

import pytest

from inference.handlers import model_fn
from tests.prepared_data import write_prepared
from tests.trained_model import train


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory):
    """The folder that a model.tar.gz unpacks to."""
    root = tmp_path_factory.mktemp("served")
    return train(write_prepared(root / "prepared"), root)


@pytest.fixture(scope="session")
def model(model_dir):
    """The model as the server holds it."""
    return model_fn(str(model_dir), {"MODEL_VERSION": "7", "DECISION_THRESHOLD": "0.3"})
