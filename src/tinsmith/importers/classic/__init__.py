"""Classic machine learning as graphs: trees and their ensembles, linear models, support vectors,
neighbours, mixtures, small networks, scalers and pipelines of these.

`estimators.py` is read first: the table of scikit-learn's estimators. Each entry says how an
estimator is described in plain numbers and names (`fields.py`), and how a description becomes
nodes. XGBoost's and LightGBM's files end in the same `trees.py` and `ending.py`.
"""
