"""Whom the command line asks: a running server over its API, or a database. One protocol."""
