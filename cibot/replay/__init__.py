"""Lives through recorded history again, on its own clock, and says what would have been said."""

from cibot.replay.run import Replayed, replay

__all__ = ["Replayed", "replay"]
