"""tinsmith: edge machine learning as a service that a team hosts itself."""

from tinsmith.version import __version__ as __version__
