"""Lay a Booster's trees out for compiled prediction, as complete binary trees in flat arrays.

A row becomes columns that need no test for missing values: each feature has two, in which NaN reads as -inf and as
+inf, and a split reads the one that sends missing values its default way. A categorical feature's column holds a slot:
its code, or `slots` for a code that no split knows, or `slots + 1` for a missing value; a categorical split is a set of
bits over these slots. Trees shallower than the deepest are filled up; all leaves below a filled-up node repeat its
value.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

MAX_DEPTH: Final = 12
MAX_BYTES: Final = 256 * 2**20
CATEGORICAL: Final = 1 << 31
# The most categories that a categorical feature may have; XGBoost itself allows 2**24.
MAX_CATEGORIES: Final = 1 << 16

_WORD_BITS: Final = 32


class UnsupportedModelError(Exception):
    """A model which the compiled engine does not know; the text says what is unknown."""


@dataclass(frozen=True)
class Forest:
    """A gradient-boosted binary classifier as flat arrays.

    Attributes:
        base_margin: Log-odds before any tree.
        columns: [trees, 2**depth - 1]: the column that a node reads, or CATEGORICAL | number of the categorical split.
        thresholds: [trees, 2**depth - 1]: a value at or above goes right.
        leaves: [trees, 2**depth]: log-odds.
        with_categories: [trees, depth]: whether a level of a tree holds a categorical split.
        slots: [features]: known codes of a categorical feature, 0 for a numeric one.
        set_columns: [categorical splits]: the column that the split reads.
        set_starts: [categorical splits + 1] into `set_words`.
        set_words: The slots that go right, 32 to a word.
    """

    base_margin: np.float32
    columns: NDArray[np.uint32]
    thresholds: NDArray[np.float32]
    leaves: NDArray[np.float32]
    with_categories: NDArray[np.bool_]
    slots: NDArray[np.int32]
    set_columns: NDArray[np.uint32]
    set_starts: NDArray[np.uint32]
    set_words: NDArray[np.uint32]


@dataclass(frozen=True)
class _Tree:
    """One tree of the JSON model; a leaf's value stands in `conditions`, a categorical split's members in `sets`."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    features: NDArray[np.int64]
    conditions: NDArray[np.float32]
    default_left: NDArray[np.bool_]
    sets: Mapping[int, NDArray[np.int64]]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "_Tree":
        members = np.asarray(document["categories"], dtype=np.int64)
        names = ("categories_nodes", "categories_segments", "categories_sizes")
        spans = zip(*(document[name] for name in names), strict=True)
        return cls(
            left=np.asarray(document["left_children"], dtype=np.int32),
            right=np.asarray(document["right_children"], dtype=np.int32),
            features=np.asarray(document["split_indices"], dtype=np.int64),
            conditions=np.asarray(document["split_conditions"], dtype=np.float32),
            default_left=np.asarray(document["default_left"], dtype=bool),
            sets={node: members[start : start + size] for node, start, size in spans},
        )

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """Which nodes split by a threshold."""
        mask = self.left >= 0
        mask[list(self.sets)] = False
        return mask

    def depth(self) -> int:
        """Levels of splits."""
        level, nodes = -1, np.array([0])
        while nodes.size:
            level += 1
            parents = nodes[self.left[nodes] >= 0]
            nodes = np.concatenate([self.left[parents], self.right[parents]])
        return level


def read_forest(booster: xgb.Booster) -> Forest:
    """Lay out the Booster's trees.

    Raises:
        UnsupportedModelError: the model is no plain `gbtree` of `binary:logistic`, is too deep or too large, or is
            written in a way that this code does not know.
    """
    try:
        return _read(json.loads(booster.save_raw("json"))["learner"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnsupportedModelError(f"the model's JSON is not what XGBoost 3.2 writes: {error!r}") from error


def _read(learner: Mapping[str, Any]) -> Forest:
    _require_plain(learner)
    trees = [_Tree.read(each) for each in learner["gradient_booster"]["model"]["trees"]]
    depth = max(tree.depth() for tree in trees)
    if depth > MAX_DEPTH or len(trees) * 2**depth * 12 > MAX_BYTES:
        raise UnsupportedModelError(
            f"{len(trees)} trees of up to {depth} levels; complete trees are held up to {MAX_DEPTH} levels and "
            f"{MAX_BYTES >> 20} MiB"
        )
    features = int(learner["learner_model_param"]["num_feature"])
    return _lay_out(trees, depth, features, _base_margin(learner))


def _require_plain(learner: Mapping[str, Any]) -> None:
    """Refuse what would need another sum, another link function or another meaning of a leaf."""
    objective, booster = learner["objective"]["name"], learner["gradient_booster"]["name"]
    parameters = learner["learner_model_param"]
    if objective != "binary:logistic":
        raise UnsupportedModelError(f"the objective is {objective!r}; supported is binary:logistic")
    if booster != "gbtree":
        raise UnsupportedModelError(f"the booster is {booster!r}; supported is gbtree")
    if int(parameters["num_class"]) > 1 or int(parameters["num_target"]) != 1:
        raise UnsupportedModelError("the model has several classes or targets; supported is one")
    trees = learner["gradient_booster"]["model"]["trees"]
    if not trees:
        raise UnsupportedModelError("the model has no trees")
    if any(int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in trees):
        raise UnsupportedModelError("a leaf holds several values; supported is one")


def _base_margin(learner: Mapping[str, Any]) -> np.float32:
    """XGBoost keeps the base score as a probability, since 3.1 in brackets."""
    score = np.float32(str(learner["learner_model_param"]["base_score"]).strip("[]"))
    if not 0 < score < 1:
        raise UnsupportedModelError(f"the base score is {score}; supported is a number between 0 and 1")
    return np.float32(-np.log(np.float32(1) / score - np.float32(1)))


def _lay_out(trees: Sequence[_Tree], depth: int, features: int, base_margin: np.float32) -> Forest:
    slots = _count_slots(trees, features)
    inner = 2**depth - 1
    columns = np.zeros((len(trees), inner), dtype=np.uint32)
    thresholds = np.full((len(trees), inner), np.inf, dtype=np.float32)
    leaves = np.empty((len(trees), inner + 1), dtype=np.float32)
    sets = _Sets(slots)
    for index, tree in enumerate(trees):
        codes = _columns(tree, features, slots, sets)
        places = np.array([0])
        for level in range(depth):
            span = slice(2**level - 1, 2 ** (level + 1) - 1)
            splits = tree.left[places] >= 0
            columns[index, span] = np.where(splits, codes[places], 0)
            thresholds[index, span] = np.where(splits, tree.conditions[places], np.inf)
            below = (np.where(splits, tree.left[places], places), np.where(splits, tree.right[places], places))
            places = np.stack(below, axis=1).ravel()
        leaves[index] = tree.conditions[places]
    is_set = columns >= CATEGORICAL
    levels = [is_set[:, 2**level - 1 : 2 ** (level + 1) - 1].any(axis=1) for level in range(depth)]
    with_categories = np.array(levels, dtype=bool).reshape(depth, len(trees)).T.copy()
    return Forest(base_margin, columns, thresholds, leaves, with_categories, slots, *sets.arrays())


def _count_slots(trees: Sequence[_Tree], features: int) -> NDArray[np.int32]:
    slots = np.zeros(features, dtype=np.int32)
    for tree in trees:
        for node, members in tree.sets.items():
            feature = tree.features[node]
            slots[feature] = max(slots[feature], 1, members.max(initial=-1) + 1)
    if slots.max() > MAX_CATEGORIES:
        raise UnsupportedModelError(f"a feature has {slots.max()} categories; supported are up to {MAX_CATEGORIES}")
    return slots


def _columns(tree: _Tree, features: int, slots: NDArray[np.int32], sets: "_Sets") -> NDArray[np.uint32]:
    """What each node reads."""
    numeric = tree.numeric
    if not np.isfinite(tree.conditions[numeric]).all():
        raise UnsupportedModelError("a threshold is no finite number")
    if slots[tree.features[numeric]].any():
        raise UnsupportedModelError("a feature is split by threshold and by category")
    columns = np.where(tree.default_left, tree.features, tree.features + features).astype(np.uint32)
    for node, members in tree.sets.items():
        columns[node] = CATEGORICAL | sets.add(int(tree.features[node]), members, bool(tree.default_left[node]))
    return columns


class _Sets:
    """Collects the categorical splits."""

    def __init__(self, slots: NDArray[np.int32]) -> None:
        self._slots = slots
        self._columns: list[int] = []
        self._starts = [0]
        self._words = [np.zeros(0, dtype=np.uint32)]

    def add(self, feature: int, members: NDArray[np.int64], default_left: bool) -> int:
        """Keep a split; categories in the set go right, so do missing values unless their default is left."""
        slots = int(self._slots[feature])
        bits = np.zeros(-(-(slots + 2) // _WORD_BITS) * _WORD_BITS, dtype=np.uint8)
        bits[members] = 1
        bits[slots + 1] = not default_left
        self._columns.append(feature)
        self._words.append(np.packbits(bits, bitorder="little").view("<u4"))
        self._starts.append(self._starts[-1] + len(self._words[-1]))
        return len(self._columns) - 1

    def arrays(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
        """Columns, starts and words."""
        return (
            np.array(self._columns, dtype=np.uint32),
            np.array(self._starts, dtype=np.uint32),
            np.concatenate(self._words),
        )
