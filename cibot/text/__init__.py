"""Cards, figures and cleaned text, before a medium renders them. Pure."""
