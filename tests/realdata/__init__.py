"""The product against recorded history; skips loudly where that is absent."""
