"""Roads into the IR: a file or folder for each format of trained models.

`_frame.py` says what an importer is; a folder's module of its own name (``onnx/onnx.py``) is the
way in.
"""

from tinsmith.importers._frame import IMPORTERS, Importer, Support, read_model, read_suffixes

__all__ = ["IMPORTERS", "Importer", "Support", "read_model", "read_suffixes"]
