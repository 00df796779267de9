"""What moto holds survives being written and read."""

import copy
import io
import pickle
import threading
import weakref
from collections import defaultdict

import pytest

from local_aws.moto_adapters.reductions import reduction_of
from local_aws.moto_adapters.stored_body import StoredBody


class Pickler(pickle.Pickler):
    reducer_override = staticmethod(reduction_of)


class Named(defaultdict):
    def __init__(self, region):
        super().__init__(list)
        self.region = region


class Key:
    etag, contentsize, value = '"abc"', 5, b"hello"


def round_trip(value):
    stream = io.BytesIO()
    Pickler(stream).dump(value)
    return pickle.loads(stream.getvalue())


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock])
def test_a_lock_comes_back_free(make):
    lock = make()
    with lock:
        copied = round_trip(lock)

    assert copied.acquire(blocking=False)


def test_a_local_lambda_comes_back():
    assert round_trip(defaultdict(lambda: 7))["missing"] == 7


def test_a_subclass_of_defaultdict_keeps_its_fields():
    table = Named("us-east-1")
    table["a"].append(1)

    copied = round_trip(table)

    assert (copied.region, dict(copied), copied["b"]) == ("us-east-1", {"a": [1]}, [])


def test_a_weak_dictionary_comes_back():
    value = Key()
    weak = weakref.WeakValueDictionary({"k": value})

    copied, strong = round_trip((weak, value))

    assert copied["k"] is strong


def test_what_pickle_knows_is_left_to_it():
    assert reduction_of(copy) is NotImplemented


def test_a_body_is_stored_once(tmp_path):
    first = StoredBody.keep(Key, tmp_path)
    StoredBody.keep(Key, tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["abc-5"]
    assert first.read() == b"hello"


def test_reads_move_the_position(tmp_path):
    body = StoredBody.keep(Key, tmp_path)

    assert (body.read(2), body.tell(), body.read()) == (b"he", 2, b"llo")
    assert body.seek(-1, 2) == 4


def test_a_write_leaves_the_stored_file_alone(tmp_path):
    body = StoredBody.keep(Key, tmp_path)

    body.seek(0)
    body.truncate()
    body.write(b"new")
    body.seek(0)

    assert body.read() == b"new"
    assert (tmp_path / "abc-5").read_bytes() == b"hello"
    body.close()
