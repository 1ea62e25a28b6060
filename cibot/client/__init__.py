"""The sources that the command line can ask: a running server's API, or a database."""
