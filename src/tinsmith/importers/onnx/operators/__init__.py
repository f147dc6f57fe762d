"""Operators of the domains ai.onnx and com.microsoft: each module has a tuple OPERATORS."""
