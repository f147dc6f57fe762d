"""TensorFlow Lite model files: reading and translation. `importers/tflite.py` is the way in."""
