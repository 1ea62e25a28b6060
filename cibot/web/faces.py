"""All that people and programs may look at, over one `Asking`."""

from __future__ import annotations

from flask import Blueprint

from cibot.web.api import ENDPOINTS
from cibot.web.asking import Asking
from cibot.web.atom import atom_blueprint
from cibot.web.badges import badges_blueprint
from cibot.web.endpoint import api_blueprint
from cibot.web.metrics import metrics_blueprint
from cibot.web.pages import pages_blueprint


def face_blueprints(asking: Asking) -> list[Blueprint]:
    """API, pages, badges, metrics and the feed of incidents."""
    return [
        api_blueprint(asking, ENDPOINTS),
        pages_blueprint(asking),
        badges_blueprint(asking),
        metrics_blueprint(asking),
        atom_blueprint(asking),
    ]
