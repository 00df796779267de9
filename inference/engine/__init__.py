"""Engines: what turns a matrix of encoded rows into probabilities.

A matrix is float32, one row a request's row, columns in the specification's order, NaN = missing, a categorical
feature as the code of its value in the specification's vocabulary (unknown = NaN).
"""

from inference.engine.engine import Engine, Matrix, Probabilities, open_engine

__all__ = ["Engine", "Matrix", "Probabilities", "open_engine"]
