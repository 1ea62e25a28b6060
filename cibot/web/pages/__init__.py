"""The dashboard: server-rendered pages."""
