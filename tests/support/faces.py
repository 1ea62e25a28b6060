"""The web faces over a store, without a server: for the tests of API and pages."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient

from cibot.config.models import Config
from cibot.daemon.app import create_app
from cibot.store.engine import Store
from cibot.web.asking import Asking
from cibot.web.faces import face_blueprints
from tests.support.history import NOW


def application(store: Store, config: Config, now: datetime = NOW) -> Flask:
    """The faces as they would be mounted, at a fixed moment."""
    asking = Asking(store, config, lambda: now)
    return create_app(face_blueprints(asking))


def client(store: Store, config: Config, now: datetime = NOW) -> FlaskClient:
    """Asks that application."""
    return application(store, config, now).test_client()
