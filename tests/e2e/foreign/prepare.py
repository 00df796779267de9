"""A stranger's processing script: hard-coded paths, label first, no header."""

import os

import numpy as np
import pandas as pd

table = pd.read_csv("/opt/ml/processing/input/measurements.csv")
shuffled = table.sample(frac=1.0, random_state=7)
parts = np.array_split(shuffled, [int(len(table) * 0.6), int(len(table) * 0.8)])
for name, part in zip(("train", "validation", "test"), parts, strict=True):
    os.makedirs(f"/opt/ml/processing/{name}", exist_ok=True)
    part.to_csv(f"/opt/ml/processing/{name}/{name}.csv", header=False, index=False)
print("rows", len(table))
