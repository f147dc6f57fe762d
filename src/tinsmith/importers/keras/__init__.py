"""Keras model files without Keras.

`keras.py` is the way in. In the sandbox `convert.py` has the file read (`document.py`: settings and
weights), its layers found (`model.py`) and each call of a layer translated (`translate.py`) by the
function that `rules.py` names; `layers.py` and the files named after kinds of layers hold those.
"""
