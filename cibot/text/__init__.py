"""What is written for people before a medium renders it: cards, figures, cleaned text. Pure."""
