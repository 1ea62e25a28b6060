"""What a failed call to Slack means: try later, or a person must act.

Codes: the error tables of https://docs.slack.dev/reference/methods (chat.postMessage,
conversations.history, auth.test, apps.connections.open) and
https://docs.slack.dev/apis/web-api/rate-limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from cibot.errors import Permanent, Transient
from cibot.text.cleaning import one_line

_ASKED_TO_WAIT = 30.0  # seconds, where a 429 does not say how long
_LONGEST_WAIT = 3600.0
_MOST_WORDS = 3  # of Slack's explanations

_LATER = {
    "ratelimited",
    "rate_limited",
    "message_limit_exceeded",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "external_channel_migrating",
    "too_many_websockets",
}

_NEW_TOKEN = "install the app in the workspace again and put its new token into the configuration"
_TEAM = (
    "a token of an organization says for which workspace: write its `team_id` (T…) into [[slack]]"
)
_REMEDIES = {
    "channel_not_found": "check the channel's name or id in the configuration; "
    "a private channel must have the bot invited: /invite the bot there",
    "not_in_channel": "invite the bot: type /invite and its name in the channel",
    "is_archived": "unarchive the channel or take it out of the configuration",
    "restricted_action": "an admin restricted who may post there; allow the app",
    "user_not_found": "that person is not in this workspace",
    "messages_tab_disabled": "switch on the app's Messages tab (App Home) for direct messages",
    "missing_scope": "add the scope to the app (see `cibot slack manifest`) and install it again",
    "not_allowed_token_type": "bot_token must begin with xoxb-, app_token with xapp-",
    "invalid_auth": _NEW_TOKEN,
    "not_authed": _NEW_TOKEN,
    "account_inactive": _NEW_TOKEN,
    "token_revoked": _NEW_TOKEN,
    "token_expired": "cibot does not renew tokens: switch token rotation off for the app, "
    + _NEW_TOKEN,
    "team_not_found": _TEAM,
    "team_access_not_granted": _TEAM,
    "missing_argument": _TEAM,
    "restricted_action_read_only_channel": "an admin made the channel read-only; allow the app",
    "restricted_action_thread_only_channel": "the channel takes replies only; take another",
    "no_permission": _NEW_TOKEN,
    "org_login_required": "the workspace is being moved into an organization; ask its admin",
    "invalid_blocks": "this is a mistake of cibot; please report it",
    "msg_too_long": "this is a mistake of cibot; please report it",
    "msg_blocks_too_long": "this is a mistake of cibot; please report it",
}
NO_THREAD = {
    "thread_not_found",
    "message_not_found",
    "cannot_reply_to_message",
    "restricted_action_thread_locked",
    "restricted_action_non_threadable_channel",
}
"""A reply is refused where a message of its own may not be."""
NO_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch"}
NO_METADATA = {
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "metadata_must_be_sent_from_app",
    "metadata_too_large",
}
TOO_LONG = {"msg_too_long"}
UNKNOWN_ROOM = {"channel_not_found", "is_archived", "not_in_channel"}


class SlackRefusal(Permanent):
    """Slack said no; ``code`` is its word for why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def translated(error: SlackApiError, what: str) -> Transient | SlackRefusal:
    """The error of a call as ours; ``what`` says what was tried, for people."""
    response = error.response
    status = int(getattr(response, "status_code", 0) or 0)
    fields = getattr(response, "data", None)
    return judged(what, status, getattr(response, "headers", {}) or {}, fields)


def judged(
    what: str, status: int, headers: Mapping[str, Any], fields: object
) -> Transient | SlackRefusal:
    """Transient or a refusal, from the status, the headers and the decoded answer."""
    code = str(fields.get("error", "")) if isinstance(fields, Mapping) else ""
    if status == 429 or code in {"ratelimited", "rate_limited", "message_limit_exceeded"}:
        wait = retry_after(headers)
        return Transient(f"{what}: Slack asks to wait {wait:.0f} s", retry_after=wait)
    if status >= 500 or code in _LATER:
        return Transient(f"{what}: Slack fails ({status} {_word(code)})")
    if _word(code) != code or not code:
        return _not_slack(what, status)
    if code == "missing_scope" and isinstance(fields, Mapping) and fields.get("needed"):
        return SlackRefusal(f"{what}: missing_scope {fields['needed']}; {_REMEDIES[code]}", code)
    parts = (f"{what}: Slack refuses: {code}{_explained(fields)}", _REMEDIES.get(code))
    return SlackRefusal("; ".join(filter(None, parts)), code)


def _explained(fields: object) -> str:
    """Slack's own explanation, where it gives one: ``response_metadata.messages`` and others."""
    if not isinstance(fields, Mapping):
        return ""
    metadata = fields.get("response_metadata")
    said = metadata.get("messages") if isinstance(metadata, Mapping) else None
    words = [*said] if isinstance(said, list) else []
    words += [fields.get(name) for name in ("detail", "argument") if fields.get(name)]
    text = "; ".join(one_line(word) for word in words[:_MOST_WORDS] if isinstance(word, str))
    return f" ({text[:300]})" if text else ""


def _not_slack(what: str, status: int) -> Transient | SlackRefusal:
    """Something that is not Slack's API answered: a proxy's page, or a wrong address."""
    if status in {404, 405, 410}:
        return SlackRefusal(f"{what}: no Slack API there ({status}); check api_url", "no_api")
    return Transient(f"{what}: the answer ({status}) is not Slack's; is there a proxy between?")


def _word(code: str) -> str:
    """``code`` if it is one of Slack's words; slack-sdk puts whole HTML pages there."""
    return code if code.replace("_", "").isalnum() and len(code) <= 80 else "not JSON"


def retry_after(headers: Mapping[str, Any]) -> float:
    """Seconds to wait as the header says, between 1 and 3600; 30 where it does not."""
    lowered = {str(name).lower(): value for name, value in headers.items()}
    try:
        seconds = float(str(lowered.get("retry-after", "")))
    except ValueError:
        return _ASKED_TO_WAIT
    if math.isnan(seconds):
        return _ASKED_TO_WAIT
    return min(max(seconds, 1.0), _LONGEST_WAIT)
