"""A small trained model, made by the training job from the synthetic flights."""

import tarfile
from pathlib import Path

from training.train import main

_ARGUMENTS = ["--eta", "0.3", "--max_depth", "3", "--num_round", "25", "--early_stopping_rounds", "5"]


def train(prepared: Path, root: Path, *arguments: str, tuned: Path | None = None) -> Path:
    """Train as a job would; the returned folder holds the unpacked model and its model.tar.gz."""
    environment = {
        "SM_CHANNEL_TRAIN": str(prepared / "train"),
        "SM_CHANNEL_VALIDATION": str(prepared / "validation"),
        "SM_CHANNEL_SPECIFICATION": str(prepared / "specification"),
        "SM_INPUT_DIR": str(root / "input"),
        "SM_MODEL_DIR": str(root / "model"),
        "SM_OUTPUT_DIR": str(root / "output"),
        "SM_NUM_CPUS": "1",
    }
    if tuned is not None:
        environment["SM_CHANNEL_TUNED"] = str(tuned)
    assert main([*([] if tuned else _ARGUMENTS), *arguments], environment) == 0
    folder = root / "model"
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for path in sorted(folder.iterdir()):
            if path.name != "model.tar.gz":
                archive.add(path, arcname=path.name)
    return folder
