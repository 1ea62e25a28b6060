"""``python -m cibot``: the same as the ``cibot`` command."""

from cibot.cli import main

main()
