"""Operators of the domain ai.onnx.ml: each module has a tuple OPERATORS."""
