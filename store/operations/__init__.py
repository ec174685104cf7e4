"""What ConfigManager can do, one module a part of the document."""
