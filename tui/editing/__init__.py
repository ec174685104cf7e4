"""Editing from the deck: fields, staging, previews, and what they write."""
