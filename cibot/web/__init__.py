"""The HTTP faces: dashboard, JSON API, metrics, probes."""
