"""The import wizard's steps, and what they share: a draft, a bench to work it on, and rows."""
