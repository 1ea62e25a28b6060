"""A CI's incidents: how they open, change and end, and what of that is news. Pure."""
