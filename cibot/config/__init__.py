"""From ``config/cibot.toml``, ``CIBOT_…`` and ``*_file`` to a `cibot.config.Config`."""

from cibot.config.keys import secret_values
from cibot.config.load import Loaded, load, read

__all__ = ["Loaded", "load", "read", "secret_values"]
