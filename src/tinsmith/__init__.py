"""tinsmith: edge machine learning as a service that a team hosts itself."""

__version__ = "0.1.0"
