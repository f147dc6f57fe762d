"""Fixtures of this folder."""

from planting import fails as fails
from planting import tree as tree
