"""Widgets that know nothing of nodes."""
