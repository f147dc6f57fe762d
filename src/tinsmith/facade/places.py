"""Where compiled things are kept that belong to no project. The only place behind the facade that
reads the environment."""

import os
from pathlib import Path


def user_cache() -> Path:
    """The folder of the user's cache: TINSMITH_CACHE, else ``tinsmith`` in the user's folder of
    caches (XDG Base Directory Specification), which is ~/.cache where nothing else is said."""
    own = os.environ.get("TINSMITH_CACHE")
    if own:
        return Path(own)
    named = (os.environ.get("XDG_CACHE_HOME"), os.environ.get("LOCALAPPDATA"))
    # A path that is not absolute is to be ignored, says the specification.
    base = next((Path(p) for p in named if p and Path(p).is_absolute()), Path.home() / ".cache")
    return base / "tinsmith"
