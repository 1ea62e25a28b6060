"""Stored reports → health → incidents → outbox."""

from cibot.monitor.monitor import Monitor

__all__ = ["Monitor"]
