"""A stranger's evaluation script: unpacks the model itself, writes a report for the condition step."""

import json
import os
import tarfile

import pandas as pd
import xgboost
from sklearn.metrics import roc_auc_score

with tarfile.open("/opt/ml/processing/model/model.tar.gz") as archive:
    archive.extractall("/opt/ml/processing/unpacked", filter="data")
booster = xgboost.Booster()
booster.load_model("/opt/ml/processing/unpacked/xgboost-model")
test = pd.read_csv("/opt/ml/processing/test/test.csv", header=None)
scores = booster.predict(xgboost.DMatrix(test.iloc[:, 1:].to_numpy()))
report = {"binary_classification_metrics": {"auc": {"value": float(roc_auc_score(test[0], scores))}}}
os.makedirs("/opt/ml/processing/evaluation", exist_ok=True)
with open("/opt/ml/processing/evaluation/evaluation.json", "w") as file:
    json.dump(report, file)
