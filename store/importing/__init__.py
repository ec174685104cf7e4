"""From a legacy file to the database: read, plan, apply."""
