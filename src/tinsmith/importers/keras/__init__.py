"""Keras model files without Keras: reading, the model's layers, and what each becomes."""
