"""Charts as inline SVG. Pure."""
