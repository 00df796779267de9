"""The compiled loops for text: CSV to numbers, numbers to answers. Needs numba; stands alone, as `tree_kernels` does.

Both do the plain cases only, and say so where they are not sure: the caller then goes the careful way.
"""

# ruff: noqa: ANN001, ANN201, PLR0917 - numba's signatures state the types
# mypy: disallow-untyped-defs = False, disallow-incomplete-defs = False, disable-error-code = "operator,assignment"

import numpy as np
from numba import njit, types  # type: ignore[import-untyped]

UNSURE = -1
# Kinds of a column; a categorical one is its number plus CATEGORICAL.
NUMBER, REQUIRED_NUMBER, CATEGORICAL = 0, 1, 2

_NEWLINE, _COMMA, _PLUS, _MINUS, _DOT, _ZERO, _SMALL_E, _BIG_E = (np.uint8(ord(each)) for each in "\n,+-.0eE")
_BASIS, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)

_POWERS = np.array([float(f"1e{power}") for power in range(61)])
_LARGEST, _SMALLEST = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)
# A double that becomes a float32 loses 29 bits; near their middle an error in the double's last bits would matter.
_LOST_MASK, _LOST_MIDDLE, _LOST_MARGIN = (1 << 29) - 1, 1 << 28, 16
_EXACT_MANTISSA, _EXACT_POWER, _MOST_DIGITS = np.uint64(1 << 53), 22, 19

_bytes = types.Array(types.uint8, 1, "C", readonly=True)
_buffer = types.uint8[::1]
_integers = types.int64[::1]
_floats = types.float32[::1]
_matrix = types.float32[:, ::1]


@njit(inline="always")
def scaled(mantissa, power):
    """Return mantissa * 10**power, or -1 unless it rounds to the right float32 for sure."""
    if mantissa == 0:
        return 0.0
    if abs(power) >= len(_POWERS):
        return -1.0
    value = np.float64(mantissa)
    value = value * _POWERS[power] if power >= 0 else value / _POWERS[-power]
    if value > _LARGEST or value < _SMALLEST:
        return -1.0
    # With both operands exact the result is correctly rounded (Clinger, 1990).
    if mantissa > _EXACT_MANTISSA or abs(power) > _EXACT_POWER:
        lost = np.float64(value).view(np.int64) & _LOST_MASK
        if abs(lost - _LOST_MIDDLE) <= _LOST_MARGIN:
            return -1.0
    return value


@njit([types.Tuple((types.float64, types.int64))(_bytes, types.int64)], cache=True, nogil=True)
def read_number(text, start):
    """The decimal number that begins here, and where it ends; UNSURE for the end where there is no plain one."""
    size, at, sign = len(text), start, 1.0
    if text[at] == _MINUS or text[at] == _PLUS:
        sign = -1.0 if text[at] == _MINUS else 1.0
        at += 1
    mantissa, digits, seen, power, step = np.uint64(0), 0, 0, 0, 0
    while at < size:
        digit = np.uint8(text[at] - _ZERO)
        if digit <= 9:  # noqa: PLR2004 - decimal
            digits += digits > 0 or digit > 0
            mantissa = mantissa * np.uint64(10) + np.uint64(digit)
            seen += 1
            power -= step
        elif text[at] == _DOT and step == 0:
            step = 1
        else:
            break
        at += 1
    if at < size and (text[at] == _SMALL_E or text[at] == _BIG_E):
        at += 1
        down = at < size and text[at] == _MINUS
        at += at < size and (text[at] == _MINUS or text[at] == _PLUS)
        exponent, first = 0, at
        while at < size and np.uint8(text[at] - _ZERO) <= 9 and at - first < 4:  # noqa: PLR2004 - decimal; enough
            exponent = exponent * 10 + np.int64(text[at] - _ZERO)
            at += 1
        seen = 0 if at == first else seen
        power += -exponent if down else exponent
    value = scaled(mantissa, power)
    if seen == 0 or digits > _MOST_DIGITS or value < 0:
        return 0.0, UNSURE
    return sign * value, at


@njit([types.uint64(_bytes, types.int64, types.int64, types.int64)], cache=True, nogil=True)
def digest(text, start, end, column):
    """A hash of text[start:end] in a column (FNV-1a)."""
    value = (_BASIS ^ np.uint64(column)) * _PRIME
    for at in range(start, end):
        value = (value ^ np.uint64(text[at])) * _PRIME
    return value ^ (value >> np.uint64(32))


@njit(
    [types.int64(_bytes, types.int64, types.int64, types.int64, _integers, _bytes, _integers)], cache=True, nogil=True
)
def look_up(text, start, end, column, slots, words, entries):
    """The entry of text[start:end] in a column, or -1; entries are column, first and last byte in `words`, code."""
    mask = np.uint64(len(slots) - 1)
    slot = digest(text, start, end, column) & mask
    while slots[slot] >= 0:
        entry = 4 * slots[slot]
        first = entries[entry + 1]
        if entries[entry] == column and entries[entry + 2] - first == end - start:
            is_same = True
            for at in range(end - start):
                is_same &= words[first + at] == text[start + at]
            if is_same:
                return slots[slot]
        slot = (slot + np.uint64(1)) & mask
    return -1


@njit(
    [types.Tuple((types.float64, types.int64))(_bytes, types.int64, types.int64, _integers, _bytes, _integers)],
    cache=True,
    nogil=True,
)
def read_category(text, start, column, slots, words, entries):
    """The code of the category that begins here, NaN for a missing or unknown one, and where it ends, or UNSURE."""
    at = start
    while at < len(text) and text[at] != _COMMA and text[at] != _NEWLINE:
        # Blanks, quotes, control characters and letters beyond ASCII need care.
        if text[at] <= 34 or text[at] >= 127:  # noqa: PLR2004 - ASCII
            return 0.0, UNSURE
        at += 1
    entry = look_up(text, start, at, column, slots, words, entries)
    if entry < 0:
        return np.nan, at
    code = entries[4 * entry + 3]
    if code < 0:
        return np.nan, UNSURE if code == UNSURE else at
    return np.float64(code), at


@njit([types.int64(_bytes, types.int64, _integers, _integers, _bytes, _integers, _matrix)], cache=True, nogil=True)
def read_table(text, start, kinds, slots, words, entries, out):
    """Read rows of cells into `out`; how many rows there are, or UNSURE."""
    size, width, at, row = len(text), len(kinds), start, 0
    while at < size:
        if text[at] == _NEWLINE:
            at += 1
            continue
        for column in range(width):
            kind = kinds[column]
            if kind >= CATEGORICAL:
                value, at = read_category(text, at, kind - CATEGORICAL, slots, words, entries)
            elif at < size and text[at] != _COMMA and text[at] != _NEWLINE:
                value, at = read_number(text, at)
            else:
                value, at = np.nan, UNSURE if kind == REQUIRED_NUMBER else at
            is_last = column == width - 1
            ends = is_last if at == size else text[at] == (_NEWLINE if is_last else _COMMA)
            if at < 0 or not ends:
                return UNSURE
            out[row, column] = value
            at += 1
        row += 1
    return row


@njit([types.int64(_floats, types.float64, _bytes, _bytes, _bytes, _bytes, _buffer)], cache=True, nogil=True)
def write_rows(probabilities, threshold, before, below, above, between, out):
    """Write `before`, a probability of nine digits, and what follows it; how many bytes there are, or UNSURE."""
    at = 0
    for row in range(len(probabilities)):
        value = np.float64(probabilities[row])
        # Below, printf's %g would write an exponent; above 1 or NaN is no probability.
        if not 1e-4 <= value < 1:  # noqa: PLR2004 - as the comment says
            return UNSURE
        if row:
            for each in between:
                out[at] = each
                at += 1
        for each in before:
            out[at] = each
            at += 1
        places = 9
        while value * _POWERS[places - 8] < 1:
            places += 1
        # 24 bits times 5**12 fit a double: the product is exact, and so is its rounding to even.
        digits = np.int64(np.rint(value * _POWERS[places]))
        while digits % 10 == 0:
            digits //= 10
            places -= 1
        out[at], out[at + 1] = _ZERO, _DOT
        for place in range(places):
            out[at + 1 + places - place] = _ZERO + np.uint8(digits % 10)
            digits //= 10
        at += 2 + places
        for each in above if value >= threshold else below:
            out[at] = each
            at += 1
    return at
