"""The settings screen without a terminal: staged edits, typed checking, rows, the side panel."""
