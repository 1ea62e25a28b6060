"""How the API is mounted."""

from flask import Flask

from cibot.store.engine import Store
from cibot.web.api.endpoint import api_blueprint
from cibot.web.asking import Asking
from tests.support.canned import CONFIG
from tests.support.history import NOW


def test_the_document_is_made_once_somebody_asks_for_it(sqlite_store: Store) -> None:
    made = []

    def document() -> dict[str, str]:
        made.append(1)
        return {"openapi": "3.1.0"}

    app = Flask(__name__)
    app.register_blueprint(
        api_blueprint(Asking(sqlite_store, CONFIG, lambda: NOW), (), (), document)
    )
    assert made == []
    answer = app.test_client().get("/api/v1/openapi.json").get_json()
    assert answer == {"openapi": "3.1.0", "servers": [{"url": "/"}]}
    assert made == [1]
