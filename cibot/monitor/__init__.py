"""Stored reports → health → incidents → outbox."""

from cibot.monitor.judging import Monitor

__all__ = ["Monitor"]
