"""A database as a source: the API's questions, asked without a server between."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar, cast

from pydantic import ValidationError

from cibot.actions.roles import Actor
from cibot.config.models import Config
from cibot.reports.context import Context
from cibot.store.engine import Store
from cibot.web.api import BY_NAME, BY_PATH
from cibot.web.api.problems import bad_parameter
from cibot.web.asking import Asking

T = TypeVar("T")


class Database:
    """Implements `cibot.client.source.Source` on a store, which it closes.

    ``actor`` is the person who makes the changes.
    """

    def __init__(self, store: Store, config: Config, actor: Actor) -> None:
        self._actor = actor
        self._asking = Asking(store, config, lambda: datetime.now(UTC))

    def ask(self, kind: type[T], path: str, **asked: object) -> T:
        """As the protocol has it."""
        question = BY_PATH[path]
        assert question.answer is kind, f"{path} does not answer {kind.__name__}"
        given = {name: value for name, value in asked.items() if value is not None}
        try:
            params = question.params.model_validate(given)
        except ValidationError as error:
            raise bad_parameter(error) from error
        return cast("T", question.put_to(self._asking, params))

    def change(self, kind: type[T], name: str, **asked: object) -> T:
        """As in the protocol; the action itself checks the fields."""
        write = BY_NAME[name]
        assert write.answer is kind, f"{name} does not answer {kind.__name__}"
        params, body = (
            model.model_construct(
                **{field: asked[field] for field in model.model_fields if field in asked}
            )
            for model in (write.params, write.body)
        )
        done = self._asking.do(lambda tx, ctx: write.do(tx, ctx, self._actor, params, body))
        return cast("T", done)

    def context(self) -> Context:
        """As the protocol has it."""
        return self._asking.context()

    def close(self) -> None:
        """As the protocol has it."""
        self._asking.store.close()
