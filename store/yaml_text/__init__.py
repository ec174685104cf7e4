"""Changing a few values in YAML or JSON text while every other byte stays."""

from store.yaml_text.cutting import Cut, cut
from store.yaml_text.replacing import replace

__all__ = ["Cut", "cut", "replace"]
