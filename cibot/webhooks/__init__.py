"""Receives what Gerrit and Slack post."""
