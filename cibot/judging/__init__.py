"""Stored reports → health → incidents → outbox."""

from cibot.judging.monitor import Monitor

__all__ = ["Monitor"]
