"""Fixtures of this folder."""

from trees import fails as fails
from trees import tree as tree
