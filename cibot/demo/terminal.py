"""What the demo itself says on the terminal; all else is the bot's."""

from __future__ import annotations

from datetime import datetime, timedelta

from cibot.config.models import Config
from cibot.demo.cast import ACME, BOREALIS, COBALT, VENDORS, ZUUL


def opening(review: str, config: Config, database: str, log: str) -> list[str]:
    """The head of the screen: that it is a demo, where things are, and a token for the API."""
    web, token = f"http://{config.web.listen}", config.token[0].secret
    assert token is not None
    return [
        "",
        "cibot demo – everything you see here is invented.",
        f"A simulated review server with {ZUUL.name} and {len(VENDORS) - 1} third-party CIs runs on"
        " this machine;",
        "what reads it, judges the CIs and talks to you is the real cibot.",
        "",
        f"  review server  {review} (simulated)",
        f"  web            {web}",
        f"  API            {web}/api, to change things with the token {token.get_secret_value()}",
        f"  database       {database}",
        f"  log            {log}",
        "",
    ]


def stories(start: datetime) -> list[str]:
    """What to look for, and what to type."""
    heard = start - timedelta(hours=4)
    return [
        "",
        "Watch: three stories unfold within three minutes. The bot does not know the script.",
        f"  {COBALT.name:<15} has failed lately and was repaired just now: it recovers",
        f"  {ACME.name:<15} breaks: from now on it fails what {ZUUL.name} passes",
        f"  {BOREALIS.name:<15} has said nothing since about {heard:%H:%M} UTC: it is missed",
        "",
        "Meanwhile ask:  status acme   why acme   list   summary   help      (quit or Ctrl-C ends)",
        "",
    ]


def calm() -> str:
    """Said when the stories are over."""
    return "That was the tour. From now on a patch set comes every 15 seconds; Ctrl-C ends."


def farewell(kept_at: str | None) -> list[str]:
    """The last lines."""
    place = f" The database is {kept_at}." if kept_at else ""
    return [
        "",
        f"The demo has ended.{place}",
        "Your own Gerrit and channel: `cibot init URL` writes a first configuration.",
    ]
