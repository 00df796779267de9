"""The compiled loops: trees, CSV and answers. Needs numba; stands alone, for it is compiled in a folder of its own.

Leaves are added to the base margin in the order of the trees, in float32, as XGBoost does: margins are the same to the
last bit, and probabilities but for the last bit of `exp`.
"""

# ruff: noqa: ANN001, ANN201, PLR0917 - numba's signatures state the types
# mypy: disallow-untyped-defs = False, disallow-incomplete-defs = False

import math

import numpy as np
from numba import njit, types  # type: ignore[import-untyped]

# Rows that walk through a tree together: their columns and one tree fit the first-level cache.
BLOCK = 64

_U32 = np.uint32
_SET = 31
_ONE = np.float32(1)

_bytes = types.Array(types.uint8, 1, "C", readonly=True)
_words = types.uint32[::1]
_floats = types.float32[::1]
_matrix = types.float32[:, ::1]
_slots = types.int32[::1]
_forest = (types.float32, types.uint32[:, ::1], _matrix, _matrix, types.boolean[:, ::1], _slots, _words, _words, _words)


@njit([types.void(_matrix, types.int64, types.int64, _slots, _matrix)], cache=True, nogil=True)
def spread(matrix, first, rows, slots, columns):
    """Write rows of a matrix as columns: [2 * features, BLOCK]; see inference.engine.forest."""
    features = matrix.shape[1]
    for row in range(rows):
        for feature in range(features):
            value = matrix[first + row, feature]
            known = slots[feature]
            if known > 0:
                slot = np.float32(known)
                if value != value:  # noqa: PLR0124 - the test for NaN
                    slot = np.float32(known + 1)
                elif 0 <= value < known:
                    slot = np.float32(int(value))
                columns[feature, row] = slot
            elif value != value:  # noqa: PLR0124 - the test for NaN
                columns[feature, row] = -np.inf
                columns[features + feature, row] = np.inf
            else:
                columns[feature, row] = value
                columns[features + feature, row] = value


@njit(inline="always")
def below(node, row, stride, columns, thresholds, values, set_columns, set_starts, set_words):
    """The next node of one row, whatever the split's kind."""
    column = columns[node]
    if column >> _U32(_SET):
        split = column & _U32(0x7FFFFFFF)
        slot = _U32(values[set_columns[split] * stride + row])
        goes_right = (set_words[set_starts[split] + (slot >> _U32(5))] >> (slot & _U32(31))) & _U32(1)
    else:
        goes_right = _U32(values[column * stride + row] >= thresholds[node])
    return _U32(2) * node + _U32(1) + goes_right


@njit([types.void(_matrix, *_forest, _floats)], cache=True, nogil=True)
def score_row(
    matrix, base, columns, thresholds, leaves, with_categories, slots, set_columns, set_starts, set_words, out
):
    """The probability of one row: it goes down four trees at a time, for one alone would wait for memory."""
    trees, depth = with_categories.shape
    inner = _U32(columns.shape[1])
    block = np.zeros((2 * matrix.shape[1], 1), np.float32)
    spread(matrix, 0, 1, slots, block)
    values = block.ravel()
    row, stride = _U32(0), _U32(1)
    margin = base
    tree = 0
    while tree + 4 <= trees:
        a, b, c, d = _U32(0), _U32(0), _U32(0), _U32(0)
        for _ in range(depth):
            a = below(a, row, stride, columns[tree], thresholds[tree], values, set_columns, set_starts, set_words)
            b = below(
                b, row, stride, columns[tree + 1], thresholds[tree + 1], values, set_columns, set_starts, set_words
            )
            c = below(
                c, row, stride, columns[tree + 2], thresholds[tree + 2], values, set_columns, set_starts, set_words
            )
            d = below(
                d, row, stride, columns[tree + 3], thresholds[tree + 3], values, set_columns, set_starts, set_words
            )
        margin += leaves[tree, a - inner]
        margin += leaves[tree + 1, b - inner]
        margin += leaves[tree + 2, c - inner]
        margin += leaves[tree + 3, d - inner]
        tree += 4
    while tree < trees:
        a = _U32(0)
        for _ in range(depth):
            a = below(a, row, stride, columns[tree], thresholds[tree], values, set_columns, set_starts, set_words)
        margin += leaves[tree, a - inner]
        tree += 1
    out[0] = _ONE / (_ONE + np.float32(math.exp(np.float64(-margin))))


@njit([types.void(_matrix, *_forest, _floats)], cache=True, nogil=True)
def score_rows(
    matrix, base, columns, thresholds, leaves, with_categories, slots, set_columns, set_starts, set_words, out
):
    """Probabilities of many rows: a block of rows goes down a tree level by level, then down the next tree."""
    trees, depth = with_categories.shape
    inner = _U32(columns.shape[1])
    block = np.zeros((2 * matrix.shape[1], BLOCK), np.float32)
    values = block.ravel()
    nodes = np.zeros(BLOCK, np.uint32)
    for first in range(0, matrix.shape[0], BLOCK):
        rows = min(BLOCK, matrix.shape[0] - first)
        spread(matrix, first, rows, slots, block)
        margins = out[first : first + rows]
        margins[:] = base
        for tree in range(trees):
            tree_columns, tree_thresholds, tree_leaves = columns[tree], thresholds[tree], leaves[tree]
            nodes[:] = 0
            for level in range(depth):
                if with_categories[tree, level]:
                    for row in range(rows):
                        nodes[row] = below(
                            nodes[row],
                            _U32(row),
                            _U32(BLOCK),
                            tree_columns,
                            tree_thresholds,
                            values,
                            set_columns,
                            set_starts,
                            set_words,
                        )
                else:
                    for row in range(rows):
                        node = nodes[row]
                        value = values[tree_columns[node] * _U32(BLOCK) + _U32(row)]
                        nodes[row] = _U32(2) * node + _U32(1) + _U32(value >= tree_thresholds[node])
            for row in range(rows):
                margins[row] += tree_leaves[nodes[row] - inner]
    for row in range(out.shape[0]):
        out[row] = _ONE / (_ONE + np.float32(math.exp(np.float64(-out[row]))))
