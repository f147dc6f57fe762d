"""Estimators of scikit-learn, XGBoost and LightGBM that are fitted on small data sets, as tests
compare them with their graphs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn import (
    calibration,
    cluster,
    covariance,
    datasets,
    decomposition,
    ensemble,
    linear_model,
    mixture,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
    tree,
)
from sklearn import preprocessing as pre
from sklearn.pipeline import make_pipeline

from tinsmith.importers.classic.lightgbm import from_object as from_lightgbm
from tinsmith.importers.classic.sklearn import from_estimator
from tinsmith.importers.classic.xgboost import from_object as from_xgboost
from tinsmith.ir.graph import Graph

TRAINED = 160
TESTED = 40
SEED = 7
CLASSES = {
    "iris": datasets.load_iris, "wine": datasets.load_wine, "cancer": datasets.load_breast_cancer,
}  # fmt: skip
TARGETS = {
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "friedman": lambda: datasets.make_friedman1(260, noise=0.5, random_state=1),
    "plane": lambda: datasets.make_regression(260, 8, noise=3, random_state=2),
}
Make = Callable[[], Any]


def scaled(make: Make) -> Make:
    """Behind a scaler, as people use estimators that look at distances."""
    return lambda: make_pipeline(pre.StandardScaler(), make())


def _mixture(kind: str) -> Make:
    return scaled(
        lambda: mixture.GaussianMixture(3, covariance_type=kind, reg_covar=1e-2, random_state=SEED)
    )


def _network(activation: str) -> Make:
    return scaled(
        lambda: neural_network.MLPClassifier(
            (8,), activation=activation, max_iter=60, random_state=SEED
        )
    )


TREES: Mapping[str, Make] = {
    "tree": lambda: tree.DecisionTreeClassifier(random_state=SEED),
    "extra_tree": lambda: tree.ExtraTreeClassifier(max_depth=5, random_state=SEED),
    "forest": lambda: ensemble.RandomForestClassifier(12, max_depth=4, random_state=SEED),
    "extra_trees": lambda: ensemble.ExtraTreesClassifier(10, random_state=SEED),
    "bagging": lambda: ensemble.BaggingClassifier(n_estimators=8, max_features=0.6,
                                                  random_state=SEED),
}  # fmt: skip
"""Classifiers whose probabilities are the library's own, to the last bit of a float32."""
CLASSIFIERS: Mapping[str, Make] = {
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=8, random_state=SEED),
    "histogram": lambda: ensemble.HistGradientBoostingClassifier(max_iter=8, random_state=SEED),
    "ada": lambda: ensemble.AdaBoostClassifier(n_estimators=8, random_state=SEED),
    "isolation_raw": lambda: ensemble.IsolationForest(
        n_estimators=5, max_features=0.5, random_state=SEED
    ),
    "isolation": lambda: ensemble.IsolationForest(n_estimators=12, random_state=SEED),
    "logistic": scaled(lambda: linear_model.LogisticRegression(C=3.0)),
    "logistic_raw": lambda: linear_model.LogisticRegression(max_iter=50),
    "sgd": scaled(lambda: linear_model.SGDClassifier(random_state=SEED)),
    "sgd_log": scaled(lambda: linear_model.SGDClassifier(loss="log_loss", random_state=SEED)),
    "perceptron": lambda: linear_model.Perceptron(random_state=SEED),
    "linear_svc": scaled(lambda: svm.LinearSVC(random_state=SEED)),
    "ridge_classifier": linear_model.RidgeClassifier,
    "svc_linear": scaled(lambda: svm.SVC(kernel="linear")),
    "svc_poly": scaled(lambda: svm.SVC(kernel="poly", coef0=1.0)),
    "svc_rbf": scaled(svm.SVC),
    "svc_rbf_raw": lambda: svm.SVC(decision_function_shape="ovo"),
    "svc_sigmoid": scaled(lambda: svm.SVC(kernel="sigmoid", break_ties=True)),
    "nu_svc": scaled(lambda: svm.NuSVC(nu=0.2)),
    "sgd_huber": lambda: linear_model.SGDClassifier(loss="modified_huber", random_state=SEED),
    "sgd_huber_scaled": scaled(
        lambda: linear_model.SGDClassifier(loss="modified_huber", alpha=0.3, random_state=SEED)
    ),
    "svc_probability": scaled(lambda: svm.SVC(probability=True, random_state=SEED)),
    "svc_probability_ovo": scaled(
        lambda: svm.SVC(
            kernel="linear", probability=True, decision_function_shape="ovo", random_state=SEED
        )
    ),
    "nu_svc_probability": scaled(
        lambda: svm.NuSVC(nu=0.2, probability=True, break_ties=True, random_state=SEED)
    ),
    "calibrated_sigmoid": lambda: calibration.CalibratedClassifierCV(
        scaled(lambda: svm.LinearSVC(random_state=SEED))(), cv=3
    ),
    "calibrated_isotonic": lambda: calibration.CalibratedClassifierCV(
        ensemble.RandomForestClassifier(9, max_depth=4, random_state=SEED), method="isotonic", cv=2
    ),
    "one_class": scaled(lambda: svm.OneClassSVM(nu=0.2)),
    "one_class_sgd": scaled(lambda: linear_model.SGDOneClassSVM(nu=0.2, random_state=SEED)),
    "ellipse": scaled(lambda: covariance.EllipticEnvelope(support_fraction=0.9, random_state=SEED)),
    "local_factor": scaled(lambda: neighbors.LocalOutlierFactor(novelty=True)),
    "local_factor_p1": scaled(
        lambda: neighbors.LocalOutlierFactor(7, p=1, algorithm="brute", novelty=True)
    ),
    "neighbours": lambda: neighbors.KNeighborsClassifier(algorithm="brute"),
    "neighbours_p1": scaled(
        lambda: neighbors.KNeighborsClassifier(3, p=1, weights="distance", algorithm="brute")
    ),
    "neighbours_weighted": lambda: neighbors.KNeighborsClassifier(weights="distance"),
    "centroid": neighbors.NearestCentroid,
    "k_means": lambda: cluster.KMeans(4, n_init=2, random_state=SEED),
    "mini_batch_k_means": lambda: cluster.MiniBatchKMeans(3, n_init=2, random_state=SEED),
    "mixture_full": _mixture("full"),
    "mixture_tied": _mixture("tied"),
    "mixture_diag": _mixture("diag"),
    "mixture_spherical": _mixture("spherical"),
    "naive_bayes": naive_bayes.GaussianNB,
    "network_relu": _network("relu"),
    "network_tanh": _network("tanh"),
    "network_logistic": _network("logistic"),
    "minmax_pipeline": lambda: make_pipeline(
        pre.MinMaxScaler(clip=True), decomposition.PCA(3), linear_model.LogisticRegression()
    ),
    "min_max": pre.MinMaxScaler,
    "max_abs": pre.MaxAbsScaler,
    "standard": pre.StandardScaler,
    "robust": pre.RobustScaler,
    "normalizer_l1": lambda: pre.Normalizer("l1"),
    "normalizer_l2": pre.Normalizer,
    "normalizer_max": lambda: pre.Normalizer("max"),
    "polynomial": lambda: make_pipeline(pre.MaxAbsScaler(), pre.PolynomialFeatures(2)),
    "pca": lambda: decomposition.PCA(3),
    "pca_whiten": lambda: decomposition.PCA(2, whiten=True),
    "svd": lambda: decomposition.TruncatedSVD(2, random_state=SEED),
    "xgb": lambda: xgboost.XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1),
    "xgb_dart": lambda: xgboost.XGBClassifier(
        n_estimators=8, max_depth=3, booster="dart", rate_drop=0.3, n_jobs=1
    ),
    "xgb_linear": lambda: xgboost.XGBClassifier(
        n_estimators=8, booster="gblinear", updater="coord_descent"
    ),
    "lgb": lambda: lightgbm.LGBMClassifier(n_estimators=8, verbose=-1, n_jobs=1),
}
EXACT: Mapping[str, Make] = {
    "tree": lambda: tree.DecisionTreeRegressor(max_depth=6, random_state=SEED),
    "extra_tree": lambda: tree.ExtraTreeRegressor(max_depth=6, random_state=SEED),
    "forest": lambda: ensemble.RandomForestRegressor(8, max_depth=6, random_state=SEED),
    "extra_trees": lambda: ensemble.ExtraTreesRegressor(8, max_depth=6, random_state=SEED),
    "bagging": lambda: ensemble.BaggingRegressor(n_estimators=5, random_state=SEED),
    "boosting": lambda: ensemble.GradientBoostingRegressor(n_estimators=20, random_state=SEED),
    "histogram": lambda: ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=SEED),
    "ada": lambda: ensemble.AdaBoostRegressor(n_estimators=12, random_state=SEED),
    "xgb": lambda: xgboost.XGBRegressor(n_estimators=20, max_depth=3, n_jobs=1),
    "xgb_forest": lambda: xgboost.XGBRFRegressor(n_estimators=10, max_depth=4, n_jobs=1),
    "lgb": lambda: lightgbm.LGBMRegressor(n_estimators=20, verbose=-1, n_jobs=1),
    "lgb_forest": lambda: lightgbm.LGBMRegressor(
        n_estimators=10, verbose=-1, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6
    ),
}
"""Regressors whose values are the library's own, to the last bit of a float32."""
REGRESSORS: Mapping[str, Make] = {
    "linear": linear_model.LinearRegression,
    "ridge": linear_model.Ridge,
    "ridge_cv": linear_model.RidgeCV,
    "lasso": linear_model.Lasso,
    "elastic_net": linear_model.ElasticNet,
    "sgd": scaled(lambda: linear_model.SGDRegressor(random_state=SEED)),
    "linear_svr": lambda: svm.LinearSVR(random_state=SEED),
    "svr": scaled(lambda: svm.SVR(C=10.0)),
    "svr_poly": scaled(lambda: svm.SVR(kernel="poly", degree=2)),
    "nu_svr": scaled(svm.NuSVR),
    "neighbours": neighbors.KNeighborsRegressor,
    "neighbours_weighted": lambda: neighbors.KNeighborsRegressor(weights="distance"),
    "network": scaled(
        lambda: neural_network.MLPRegressor(
            hidden_layer_sizes=(8, 4), activation="tanh", max_iter=60, random_state=SEED
        )
    ),
    "histogram_poisson": lambda: ensemble.HistGradientBoostingRegressor(
        loss="poisson", max_iter=10, random_state=SEED
    ),
    "xgb_gamma": lambda: xgboost.XGBRegressor(n_estimators=10, objective="reg:gamma", n_jobs=1),
    "xgb_dart": lambda: xgboost.XGBRegressor(
        n_estimators=10, booster="dart", rate_drop=0.3, max_depth=3, n_jobs=1
    ),
    "xgb_linear": lambda: xgboost.XGBRegressor(n_estimators=10, booster="gblinear"),
    "lgb_tweedie": lambda: lightgbm.LGBMRegressor(
        n_estimators=10, objective="tweedie", verbose=-1, n_jobs=1
    ),
}


@dataclass(frozen=True)
class Fitted:
    """An estimator's graph, and what the library says of the rows of a test: output -> [row, n]."""

    graph: Graph
    wanted: Mapping[str, np.ndarray]
    exact: bool


def rows_of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features and targets to fit on, and float32 features to test with; targets above 0."""
    if name in CLASSES:
        x, y = CLASSES[name](return_X_y=True)
    else:
        x, y = TARGETS[name]()
        y = y - y.min() + 1.0
    order = np.random.default_rng(SEED).permutation(len(x))[: TRAINED + TESTED]
    x, y = x[order].astype(np.float32), y[order]
    return x[:-TESTED].astype(np.float64), y[:-TESTED], x[-TESTED:]


def makers(name: str) -> dict[str, tuple[Make, bool]]:
    """What is fitted on a data set, and whether values are equal to the last bit."""
    exact, near = (TREES, CLASSIFIERS) if name in CLASSES else (EXACT, REGRESSORS)
    return {**{k: (m, True) for k, m in exact.items()}, **{k: (m, False) for k, m in near.items()}}


def fit(make: Make, exact: bool, data: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Fitted:
    """Fit, import, and ask the library: in double precision, but for XGBoost, which has none."""
    x, y, rows = data
    model = make().fit(x, y)
    graph = graph_of(model)
    rows = rows if type(model).__module__.startswith("xgboost") else rows.astype(np.float64)
    wanted = {o: np.asarray(_asked(model, o, rows)) for o in graph.outputs}
    return Fitted(graph, {o: w.reshape(len(rows), -1) for o, w in wanted.items()}, exact)


def graph_of(model: Any) -> Graph:
    """By the importer of its library."""
    library = type(model).__module__.split(".")[0]
    return {"xgboost": from_xgboost, "lightgbm": from_lightgbm, "sklearn": from_estimator}[library](
        model, (), "model"
    )


def _asked(model: Any, output: str, rows: np.ndarray) -> np.ndarray:
    match output:
        case "label" if hasattr(model, "classes_"):
            return np.searchsorted(model.classes_, model.predict(rows))
        case "label" | "value" | "cluster":
            return model.predict(rows)
        case "probability":
            return model.predict_proba(rows)
        case "decision":
            return model.decision_function(rows)
        case "score":
            return model.score_samples(rows)
    return model.transform(rows)
