"""Hostile files of XGBoost, LightGBM and scikit-learn's estimators: lengths, depths and counts that
lie, trees in circles, numbers that are none, archives that are no ours."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from hostile.mutate import zipped

from tinsmith.core.codec import dumps

Crafted = Iterator[tuple[str, str, bytes]]
BIG = 2**31 - 1


def crafted() -> Crafted:
    """Name, suffix and content of every file."""
    for name, body in _boosters():
        yield f"xgboost: {name}", ".json", json.dumps(body).encode()
    for name, text in _texts():
        yield f"xgboost: {name}", ".json", text
    for name, data in _binaries():
        yield f"ubjson: {name}", ".ubj", data
    for name, lines in _listings():
        yield f"lightgbm: {name}", ".txt", lines
    for name, data in _archives():
        yield f"tsk: {name}", ".tsk", data


def _tree(**changes: Any) -> dict[str, Any]:
    """A root and two leaves."""
    return {
        "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0],
        "split_conditions": [0.5, 1.0, -1.0], "default_left": [1, 0, 0], "split_type": [0, 0, 0],
        "tree_param": {"size_leaf_vector": "1"}, **changes,
    }  # fmt: skip


def _booster(tree: Any = None, model: Any = None, **learner: Any) -> dict[str, Any]:
    trees = {"trees": [tree or _tree()], "tree_info": [0]}
    found: dict[str, Any] = {
        "learner_model_param": {"num_feature": "3", "num_class": "0", "base_score": "0.5"},
        "objective": {"name": "reg:squarederror"},
        "gradient_booster": {"name": "gbtree", "model": trees if model is None else model},
        **learner,
    }
    return {"learner": found, "version": [3, 0, 0]}


def _boosters() -> Iterator[tuple[str, Any]]:
    for children in ([0, -1, -1], [1, 0, -1], [1, 2, 1], [BIG, -1, -1], [1, -1], [-5, 1, 1], [],
                     [2**70, -1, -1], [float("nan")] * 3, ["x"] * 3, [[1], [2], [3]], None, {},
                     [1e300, -1, -1]):  # fmt: skip
        yield f"children {str(children)[:24]}", _booster(_tree(left_children=children))
    for key in ("right_children", "split_indices", "default_left", "split_type"):
        for value in ([BIG] * 3, [-1] * 3, [0] * 99, "abc", None):
            yield f"{key} {str(value)[:24]}", _booster(_tree(**{key: value}))
    for value in (float("nan"), float("inf"), 1e39, "x", None):
        yield f"conditions {value}", _booster(_tree(split_conditions=[value] * 3))
    for width in ("2", "-1", "x", 1e400, float("nan"), [], 2**70):
        yield f"leaf vector {width}", _booster(_tree(tree_param={"size_leaf_vector": width}))
    for key in ("num_feature", "num_class", "num_target", "base_score"):
        for value in (-1, 0, 2**70, "x", float("inf"), float("nan"), [], None, {}, "9" * 5000):
            param = {"num_feature": "3", "num_class": "0", "base_score": "0.5", key: value}
            yield f"{key} {str(value)[:20]}", _booster(learner_model_param=param)
    for model in (
        {},
        [],
        {"trees": {}},
        {"trees": [1]},
        {"trees": [], "tree_info": []},
        {"trees": [_tree()], "tree_info": [9]},
        {"trees": [_tree()], "tree_info": [-1]},
        {"trees": [_tree()] * 3, "tree_info": [0]},
        {"trees": "abc", "tree_info": "a"},
    ):
        yield f"model {len(str(model))} {str(model)[:60]}", _booster(model=model)
    for best in ("-1", "0", "7", str(2**70), "x", [], {}, None, True, 1e400):
        yield f"best iteration {best}", _booster(attributes={"best_iteration": best})
    for ends in ([], [0], [0, 2], [1, 1], [0, 0, 1], [BIG] * 2, "x", None, [[0], [1]], {}):
        trees = {"trees": [_tree()], "tree_info": [0], "iteration_indptr": ends}
        yield f"ends {ends}", _booster(model=trees, attributes={"best_iteration": "0"})
    for parallel in ("-1", "0", "9", str(2**70), "x", [], {}):
        trees = {"trees": [_tree()] * 3, "tree_info": [0] * 3,
                 "gbtree_model_param": {"num_parallel_tree": parallel}}  # fmt: skip
        yield f"parallel {parallel}", _booster(model=trees, attributes={"best_iteration": "0"})
    for body in ([], {}, {"learner": []}, {"learner": {}}, {"learner": None}):
        yield f"body {body}", body
    chain = list(range(1, 20_001))
    long = _tree(
        left_children=[*chain, -1], right_children=[*chain, -1], split_indices=[0] * 20_001,
        split_conditions=[0.0] * 20_001, default_left=[0] * 20_001, split_type=[],
    )  # fmt: skip
    yield "a chain whose children are one", _booster(long)
    deep = list(range(1, 6001))
    steep = _tree(
        left_children=[*deep, *[-1] * 6001], right_children=[*range(6001, 12_001), *[-1] * 6001],
        split_indices=[0] * 12_001, split_conditions=[0.0] * 12_001, default_left=[0] * 12_001,
        split_type=[0] * 12_001,
    )  # fmt: skip
    yield "six thousand levels", _booster(steep)
    linear = {"name": "gblinear", "model": {"weights": [1.0] * 7}}
    yield "too many linear weights", _booster(gradient_booster=linear)
    dart = {"name": "dart", "gbtree": {"model": {"trees": [_tree()], "tree_info": [0]}},
            "weight_drop": [1.0, 2.0]}  # fmt: skip
    yield "weights of trees that are not", _booster(gradient_booster=dart)


def _texts() -> Iterator[tuple[str, bytes]]:
    yield "lists 200,000 deep", b'{"learner":' + b"[" * 200_000
    yield "objects 200,000 deep", b'{"learner":' * 200_000
    yield "a number of 100,000 digits", b'{"learner":' + b"9" * 100_000 + b"}"
    yield "no text", b'{"\xff\xfe\x00'
    yield "half of a text", json.dumps(_booster()).encode()[:200]
    yield "nothing", b""
    many = json.dumps({"trees": [_tree()] * 2, "tree_info": [0] * 300_000})
    yield "more columns than trees", many.encode()


def _binaries() -> Iterator[tuple[str, bytes]]:
    long = (2**62).to_bytes(8, "big")
    yield "a list of 2^62 numbers", b"[$d#L" + long
    yield "a list of 2^62 nothings", b"[$Z#L" + long
    yield "a list of -1", b"[$d#i\xff"
    yield "an object of 2^62", b"{#L" + long
    yield "a key of 2^62 bytes", b"{L" + long + b"a"
    yield "a key of -1 bytes", b"{i\xff"
    yield "lists 100,000 deep", b"[" * 100_000
    yield "typed lists 100,000 deep", b"[$[#i\x01" * 100_000
    yield "objects 100,000 deep", b"{i\x01a" * 100_000
    yield "nothings in a short file", b"[$Z#l" + (200_000).to_bytes(4, "big") + bytes(200_000)
    yield "lists of nothing, squared", b"[#I\x03\xe8" + b"[$Z#I\x03\xe8" * 1000
    yield "no-ops", b"N" * 1_000_000
    yield "unknown types", b"{i\x01aQ"
    yield "cut in a number", b"{i\x01aD\x00\x00"
    yield "bytes behind", b"{}" + b"x" * 100
    yield "numbers for a model", b"[$d#i\x02" + bytes(8)
    yield "a length that is a text", b"[#Si\x01a"


def _listing(tree: Mapping[str, str] = MappingProxyType({}), **head: str) -> bytes:
    lines = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1",
             "max_feature_idx": "2", "objective": "regression", **head}  # fmt: skip
    fields = {"num_leaves": "2", "num_cat": "0", "split_feature": "0", "threshold": "0.5",
              "decision_type": "2", "left_child": "-1", "right_child": "-2",
              "leaf_value": "1 -1", **tree}  # fmt: skip
    body = "\n".join(f"{k}={v}" for k, v in fields.items())
    return ("tree\n" + "\n".join(f"{k}={v}" for k, v in lines.items())
            + f"\n\nTree=0\n{body}\n\nend of trees\n").encode()  # fmt: skip


def _listings() -> Iterator[tuple[str, bytes]]:
    for key in ("left_child", "right_child", "split_feature", "threshold", "leaf_value"):
        for value in ("0", "-9", str(BIG), str(2**70), "nan", "inf", "1 2 3", "x", "", "1e400"):
            yield f"{key} {value}", _listing({key: value})
    for key in ("num_leaves", "num_cat", "decision_type", "is_linear"):
        for value in ("-1", "0", "16777216", str(2**70), "x", "1e3", "9" * 5000):
            yield f"{key} {value[:20]}", _listing({key: value})
    for key in ("max_feature_idx", "num_tree_per_iteration", "objective", "num_class"):
        for value in (
            "-1",
            "4097",
            str(2**70),
            "nan",
            "",
            "binary sigmoid:-1",
            "binary sigmoid:nan",
            "multiclass num_class:9",
            "a" * 100_000,
        ):
            yield f"{key} {value[:24]}", _listing(**{key: value})
    yield "no trees", b"tree\nversion=v4\nmax_feature_idx=2\nnum_tree_per_iteration=1\n"
    yield (
        "hundred thousand trees",
        b"tree\nmax_feature_idx=2\nnum_tree_per_iteration=1\n"
        + (b"\nTree=0\nnum_leaves=1\n" * 100_000),
    )
    yield "zeros", b"tree" + bytes(100_000)
    yield "no text", b"tree\n\xff\xfe\x80" * 1000


def _steps(*steps: Any, **more: Any) -> bytes:
    model = {"kind": "Pipeline", "features": 3, "steps": steps, **more}
    return dumps({"kind": "tsk", "version": 1, "model": model})


def _archives() -> Iterator[tuple[str, bytes]]:
    scaler = {"kind": "StandardScaler", "mean": np.zeros(3), "scale": np.ones(3)}
    good = _steps(scaler)
    yield "cut", good[:-40]
    yield "no model", dumps({"kind": "tsk", "version": 1})
    yield "no mapping", dumps([1, 2, 3])
    for model in (None, 7, "x", [], {}):
        yield f"model {model}", dumps({"kind": "tsk", "version": 1, "model": model})
    for version in (-1, 2, 2**70, "1", None, True):
        yield f"version {version}", dumps({"kind": "tsk", "version": version, "model": {}})
    for features in (-1, 0, 2**40, 1.5, None, True, float("nan")):
        yield f"features {features}", _steps(scaler, features=features)
    for array in (
        np.zeros(0),
        np.full(3, np.nan),
        np.zeros((3, 3)),
        np.zeros(3, "c16"),
        np.zeros(3, "S9"),
        np.zeros(3, "f2"),
        np.zeros((1,) * 32),
        np.array(1.0),
    ):
        step = {**scaler, "mean": array, "scale": array}
        yield f"mean {array.dtype}{array.shape}", _steps(step)
    yield "a thousand steps", _steps(*[scaler] * 1000)
    yield "pipelines in pipelines", _steps({"kind": "Pipeline", "steps": (scaler,)})
    for kind in ("os.system", "", "x" * 1_000_000, "../../x"):
        yield f"an estimator {kind[:20]!r}", _steps({"kind": kind})
    body = b'{"$map":[["kind","tsk"],["version",1],["model",{"$array":0}]]}'
    pickled = (b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|O', 'fortran_order': False, "
               b"'shape': (1,), }".ljust(117) + b"\n\x80\x04cposix\nsystem\n")  # fmt: skip
    yield "objects", zipped({"object.json": body, "0.bin": pickled})
    huge = pickled.replace(b"|O", b"<f8").replace(b"(1,)", b"(4611686018427387904,)")
    yield "an array of 2^62 numbers", zipped({"object.json": body, "0.bin": huge})
    bad = pickled.replace(b"'|O'", b"__import__('os')")
    yield "a header that is code", zipped({"object.json": body, "0.bin": bad})
    yield "another member", zipped({"object.json": body, "../../etc/passwd": b"x"})
    yield "an array that is not there", zipped({"object.json": body})
    yield "lists 100,000 deep", zipped({"object.json": b"[" * 100_000})
    circle = b'{"$map":[["kind","tsk"],["version",1],["model",{"$array":-1}]]}'
    yield "array -1", zipped({"object.json": circle, "0.bin": b"x"})
    yield "no archive", b"\x80\x04cposix\nsystem\n"
