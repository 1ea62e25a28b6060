"""cibot: reads what CI systems write on Gerrit, judges each one, and tells people."""

__version__ = "0.1.0"
