"""Backups on the deck: what is done with them, and how they are told of."""
