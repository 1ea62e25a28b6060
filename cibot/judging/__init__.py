"""Stored reports → health → incidents → outbox."""

from cibot.judging.monitor import REST, Monitor

__all__ = ["REST", "Monitor"]
