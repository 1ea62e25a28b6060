"""``/incidents.atom``: incidents for feed readers, newest first."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask import Blueprint, Response, render_template, request

from cibot.errors import CibotError
from cibot.incidents import signal_words
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine, incidents
from cibot.store.engine import Tx
from cibot.text.card import sentence
from cibot.web.api.problems import problem_of
from cibot.web.asking import Asking
from cibot.web.reply import reply

_MOST = 50
_MAX_AGE_S = 60
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # of a feed in which nothing happened yet
_NO_ADDRESS = "tag:cibot.invalid,2026:"  # RFC 4151; what ids begin with where no address is known
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom_blueprint(asking: Asking) -> Blueprint:
    """The feed of open incidents and of those that ended within a week."""
    blueprint = Blueprint("atom", __name__)

    @blueprint.get("/incidents.atom")
    def feed() -> Response:
        def question(tx: Tx, ctx: Context) -> tuple[str, tuple[IncidentLine, ...]]:
            # Without a public address the links are relative: the host is what the client says.
            base = ctx.page() or request.script_root
            answer = incidents(tx, ctx, ended=True, limit=_MOST)
            return base, tuple(incident for incident in answer if incident.opened_at is not None)

        base, answer = asking.ask(question)
        moments = [incident.resolved_at or incident.opened_at or _BEGINNING for incident in answer]
        xml = render_template(
            "incidents.xml",
            base=base,
            ids=base if "://" in base else _NO_ADDRESS,
            incidents=answer,
            updated=max(moments, default=_BEGINNING),
            summary=_summary,
            wording=wording,
        )
        return reply(xml.encode("utf-8", "replace"), "application/atom+xml", max_age=_MAX_AGE_S)

    blueprint.register_error_handler(CibotError, problem_of)
    blueprint.add_app_template_filter(without_control, "xml")
    return blueprint


def _summary(incident: IncidentLine) -> str:
    """What was seen, as a sentence; a feed is read in any zone, so times are UTC's with a date."""
    said = sentence(signal_words.spans(signal_words.seen_words(incident.seen)))
    return "".join(span.text for span in said) or incident.kind


def without_control(words: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", words)
