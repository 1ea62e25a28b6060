"""See docs/contributing for the map of the house."""
