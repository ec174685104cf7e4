"""The live parts of the deck."""
