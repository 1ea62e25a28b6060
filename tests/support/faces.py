"""The web faces over a store, without a server: for the tests of API and pages."""

from __future__ import annotations

from datetime import datetime
from types import CodeType

from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from cibot.config.models import Config
from cibot.daemon.app import create_app
from cibot.store.engine import Store
from cibot.web.asking import Asking
from cibot.web.faces import face_blueprints
from tests.support.history import NOW


class _Templates(BytecodeCache):
    """Templates that were compiled for an earlier application of this process.

    Each application of Flask compiles its own, which takes longer than most tests of a page.
    """

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


_TEMPLATES = _Templates()


def application(store: Store, config: Config, now: datetime = NOW) -> Flask:
    """The faces as they would be mounted, at a fixed moment."""
    asking = Asking(store, config, lambda: now)
    app = create_app(face_blueprints(asking))
    app.jinja_env.bytecode_cache = _TEMPLATES
    return app


def client(store: Store, config: Config, now: datetime = NOW) -> FlaskClient:
    """Asks that application."""
    return application(store, config, now).test_client()
