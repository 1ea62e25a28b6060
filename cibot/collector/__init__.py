"""Reads Gerrit: REST, events, the formats that CIs write, and ingest."""
