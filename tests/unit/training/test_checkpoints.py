"""Checkpoints: whole or nothing, and never another fit's."""

from training.checkpoints import Checkpoint, CheckpointFolder, fingerprint

HISTORY = ({"validation-auc": 0.7},)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_checkpoint_replaces_the_older_ones(tmp_path):
    folder = CheckpointFolder(tmp_path, "abc")

    folder.save(Checkpoint(25, b"old", HISTORY))
    folder.save(Checkpoint(50, b"new", HISTORY))

    assert folder.latest() == Checkpoint(50, b"new", HISTORY)
    assert names(tmp_path) == ["checkpoint-abc-000050.json", "checkpoint-abc-000050.ubj"]


def test_jobs_under_one_prefix_do_not_see_each_other(tmp_path):
    mine, other = CheckpointFolder(tmp_path, fingerprint([1])), CheckpointFolder(tmp_path, fingerprint([2]))
    other.save(Checkpoint(50, b"other", HISTORY))

    assert mine.latest() is None
    mine.save(Checkpoint(25, b"mine", HISTORY))
    assert other.latest() == Checkpoint(50, b"other", HISTORY)


def test_a_cut_off_checkpoint_is_passed_over(tmp_path):
    folder = CheckpointFolder(tmp_path, "abc")
    folder.save(Checkpoint(25, b"whole", HISTORY))
    (tmp_path / "checkpoint-abc-000050.ubj").write_bytes(b"half")
    (tmp_path / "checkpoint-abc-000050.json").write_text('{"sha256": "of the whole", "history": []}')
    (tmp_path / "checkpoint-abc-000075.json").write_text("{")

    assert folder.latest() == Checkpoint(25, b"whole", HISTORY)


def test_without_a_folder_nothing_is_kept():
    folder = CheckpointFolder(None, "abc")

    folder.save(Checkpoint(25, b"model", HISTORY))

    assert not folder.is_kept
    assert folder.latest() is None
