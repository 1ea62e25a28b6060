"""Chat: what a network must offer, the commands, and each network in a folder or file."""
