"""ONNX models: parsing, translation operator by operator."""
