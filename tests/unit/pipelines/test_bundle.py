import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from pipelines.bundle import build_bundles
from pipelines.errors import PipelineError


@pytest.fixture
def tree(tmp_path):
    return _write_tree(tmp_path / "tree")


def _write_tree(root):
    files = {
        "processing/__init__.py": "",
        "processing/__main__.py": "import sys\nfrom processing.prepare import greet\nprint(greet(sys.argv[1]))\n",
        "processing/prepare.py": "from usecase import WORD\n\n\ndef greet(name):\n    return f'{WORD} {name}'\n",
        "usecase/__init__.py": "WORD = 'hello'\n",
        "usecase/data/words.json": "{}\n",
        "training/__init__.py": "",
        "training/train.py": "x = 1\n" * 20_000,
        "training/entrypoint/train.py": "import training.train\n",
        "inference/__init__.py": "",
        "inference/entrypoint/serve.py": "import inference\n",
        "processing/__pycache__/prepare.cpython-311.pyc": "junk",
        "processing/.hidden.py": "junk",
        "processing/notes.txt": "junk",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_same_files_give_the_same_bytes_whatever_the_folder_modes_and_times(tmp_path, tree):
    other = _write_tree(tmp_path / "another" / "place")
    os.utime(other / "usecase" / "__init__.py", (1, 1))
    (other / "usecase" / "__init__.py").chmod(0o600)

    assert build_bundles(other) == build_bundles(tree)


def test_a_changed_byte_gives_another_key(tree):
    before = build_bundles(tree)
    (tree / "usecase" / "__init__.py").write_text("WORD = 'hallo'\n")
    after = build_bundles(tree)

    assert after.processing.key != before.processing.key
    assert after.training.key != before.training.key


def test_a_changed_job_leaves_the_other_bundle_alone(tree):
    before = build_bundles(tree)
    (tree / "processing" / "prepare.py").write_text("")

    assert build_bundles(tree).training == before.training


def test_the_key_names_bundle_hash_and_file(tree):
    bundle = build_bundles(tree).processing

    assert bundle.key == f"code/processing/{bundle.digest}/processing.pyz"
    assert bundle.location("zone").uri == f"s3://zone/{bundle.key}"


def test_the_processing_bundle_runs_as_a_zip_application(tmp_path, tree):
    application = tmp_path / "processing.pyz"
    application.write_bytes(build_bundles(tree).processing.content)

    done = subprocess.run([sys.executable, str(application), "world"], capture_output=True, text=True, check=True)

    assert done.stdout == "hello world\n"


def test_the_processing_bundle_holds_code_and_data_only(tree):
    archive = zipfile.ZipFile(io.BytesIO(build_bundles(tree).processing.content))

    assert archive.namelist() == [
        "__main__.py",
        "processing/__init__.py",
        "processing/__main__.py",
        "processing/prepare.py",
        "usecase/__init__.py",
        "usecase/data/words.json",
    ]
    assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_training_bundle_has_its_entry_points_at_the_top(tree):
    content = build_bundles(tree).training.content

    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        assert archive.getnames() == [
            "inference/__init__.py",
            "serve.py",
            "train.py",
            "training/__init__.py",
            "training/train.py",
            "usecase/__init__.py",
            "usecase/data/words.json",
        ]
        assert archive.extractfile("training/train.py").read() == b"x = 1\n" * 20_000


@pytest.mark.parametrize(("name", "known"), [("processing", "3e45b267f896caec"), ("training", "845fbfb6f74bae60")])
def test_the_bytes_are_known(tree, name, known):
    """Pinned, so that a Python or zlib version which makes other bytes is seen here."""
    content = getattr(build_bundles(tree), name).content

    assert hashlib.sha256(content).hexdigest()[:16] == known


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(PipelineError, match="processing"):
        build_bundles(tmp_path)
