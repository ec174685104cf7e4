"""Secrets at rest: the master key, sealed text, where secrets live, and who looked at them."""
