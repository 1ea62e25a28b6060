"""One Slack workspace as a chat backend."""
