"""From ``config/cibot.toml``, ``CIBOT_…`` and ``*_file`` to a `cibot.config.Config`."""

from cibot.configfile.keys import secret_values
from cibot.configfile.load import Loaded, load, read

__all__ = ["Loaded", "load", "read", "secret_values"]
