"""The web faces over a store, without a server: for the tests of API and pages."""

from __future__ import annotations

from datetime import datetime

from flask.testing import FlaskClient

from cibot.app import create_app
from cibot.config import Config
from cibot.store.engine import Store
from cibot.web.api import ENDPOINTS
from cibot.web.asking import Asking
from cibot.web.endpoint import api_blueprint
from tests.support.history import NOW


def client(store: Store, config: Config, now: datetime = NOW) -> FlaskClient:
    """Asks the application as it would be mounted, at a fixed moment."""
    asking = Asking(store, config, lambda: now)
    return create_app([api_blueprint(asking, ENDPOINTS)]).test_client()
