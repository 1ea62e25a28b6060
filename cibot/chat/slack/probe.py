"""Slack's part of ``cibot check``: tokens, scopes and rooms; nothing is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cibot.chat.findings import Finding, right, wrong
from cibot.chat.slack.api import SlackApi
from cibot.chat.slack.manifest import BOT_SCOPES, CHART_SCOPES
from cibot.chat.slack.settings import SlackConfig
from cibot.errors import CibotError
from cibot.reports.charts import can_draw


def probe(settings: SlackConfig, rooms: Sequence[str]) -> Iterator[Finding]:
    """Checks the tokens, the app's permissions, and whether the bot is in each room."""
    api = SlackApi(settings)
    who = api.identity()
    yield right(f"the bot token works: user {who.user} in {who.team}")
    if who.scopes is not None:
        yield _scopes(who.scopes)
        if settings.charts and can_draw() and not set(CHART_SCOPES) <= who.scopes:
            yield right(f"no pictures: the app lacks {', '.join(CHART_SCOPES)}")
    for room in rooms:
        yield _room(api, room)
    if settings.app_token:
        api.try_app_token(settings.app_token.get_secret_value())
        yield right("the app token works: Socket Mode can connect")


def _scopes(granted: frozenset[str]) -> Finding:
    missing = sorted(set(BOT_SCOPES) - granted)
    if not missing:
        return right("the app has every scope that it needs")
    return wrong(
        f"the app lacks {', '.join(missing)}; add them under OAuth & Permissions "
        "and install the app again"
    )


def _room(api: SlackApi, room: str) -> Finding:
    if room[:1] in "UW" and room.isalnum() and room.isupper():
        return right(f"{room} is a person")
    try:
        room_id = api.room_id(room)
        next(api.history(room_id), None)
    except CibotError as error:
        return wrong(error)
    if room_id == room:
        return right(f"the bot is in {room}")
    return right(f"the bot is in {room}; as {room_id} it is found without the list of channels")
