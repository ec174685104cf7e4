"""The state of a node: one document with two homes; no screen."""
