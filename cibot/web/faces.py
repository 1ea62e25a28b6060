"""The blueprints of API, pages, badges, metrics and feed, over one `Asking`."""

from __future__ import annotations

from functools import cache, partial

from flask import Blueprint
from prometheus_client import CollectorRegistry

from cibot import __version__
from cibot.web.api import ENDPOINTS, WRITES
from cibot.web.api.endpoint import api_blueprint
from cibot.web.api.openapi import document
from cibot.web.asking import Asking
from cibot.web.atom import atom_blueprint
from cibot.web.badges import badges_blueprint
from cibot.web.gate import Gate
from cibot.web.metrics import metrics_blueprint, process_registry
from cibot.web.pages.site import pages_blueprint


def face_blueprints(asking: Asking, registry: CollectorRegistry | None = None) -> list[Blueprint]:
    """API, pages, badges, metrics and the feed of incidents, each behind the gate.

    ``registry`` has the metrics of this process; one of its own where it is None.
    """
    gate, private = Gate(asking.config), asking.config.web.private
    described = cache(partial(document, ENDPOINTS, WRITES, __version__, private=private))
    return [
        gate.keep(api_blueprint(asking, ENDPOINTS, WRITES, described)),
        gate.keep(pages_blueprint(asking)),
        gate.keep(badges_blueprint(asking)),
        gate.keep(metrics_blueprint(asking, registry or process_registry())),
        gate.keep(atom_blueprint(asking)),
    ]
