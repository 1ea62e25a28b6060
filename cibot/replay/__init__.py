"""Replays recorded history on its own clock and gives the messages that would have been sent."""

from cibot.replay.run import Replayed, replay

__all__ = ["Replayed", "replay"]
