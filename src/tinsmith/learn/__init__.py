"""Training: pipelines, model families, metrics."""
