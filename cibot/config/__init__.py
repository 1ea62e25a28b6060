"""From ``config/cibot.toml``, ``CIBOT_…`` and ``*_file`` to a `cibot.config.models.Config`."""
