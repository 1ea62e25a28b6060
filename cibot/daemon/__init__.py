"""The long-running process: the bot, the leader election, timed jobs, the WSGI application."""
