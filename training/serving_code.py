"""Put the serving code into the model's archive, so that no later step needs to repack it."""

import shutil
from pathlib import Path

from training.errors import SettingsError

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "entrypoint")
_PACKAGES = ("inference", "usecase")


def copy_serving_code(code_root: Path, model_dir: Path) -> None:
    """Copy `serve.py` and the packages it needs from the job's own code to `<model_dir>/code`.

    In the bundle `serve.py` lies at the top; in the repository in `inference/entrypoint`.
    """
    places = (code_root / "serve.py", code_root / "inference" / "entrypoint" / "serve.py")
    serve = next((place for place in places if place.is_file()), None)
    missing = [name for name in _PACKAGES if not (code_root / name).is_dir()]
    if serve is None or missing:
        raise SettingsError(
            f"the code bundle at {code_root} lacks {', '.join(missing) or 'serve.py'}; it must hold training/, "
            "inference/, usecase/, train.py and serve.py"
        )
    target = model_dir / "code"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copyfile(serve, target / "serve.py")
    for name in _PACKAGES:
        shutil.copytree(code_root / name, target / name, ignore=_IGNORED)
