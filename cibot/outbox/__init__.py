"""Delivers the messages of the outbox table to the chat networks."""
