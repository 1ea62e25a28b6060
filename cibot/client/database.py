"""A database as a source: the API's questions, asked without a server between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from pydantic import ValidationError

from cibot.actions.acknowledging import take
from cibot.actions.roles import Actor
from cibot.actions.silencing import end_silence_by_id, end_silences_of, put_silence
from cibot.config.models import Config
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine
from cibot.reports.silences import Muted, silences
from cibot.store.engine import Store, Tx
from cibot.web.api import ENDPOINTS
from cibot.web.api.problems import bad_parameter
from cibot.web.asking import Asking

T = TypeVar("T")
_QUESTIONS = {endpoint.path: endpoint for endpoint in ENDPOINTS}


class Database:
    """Implements `cibot.client.source.Source` on a store, which it closes.

    ``actor`` is in whose name things are changed; ``clock`` gives aware UTC.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        actor: Actor,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._actor = actor
        self._asking = Asking(store, config, clock)

    def ask(self, kind: type[T], path: str, **asked: object) -> T:
        """As the protocol has it."""
        question = _QUESTIONS[path]
        assert question.answer is kind, f"{path} does not answer {kind.__name__}"
        given = {name: value for name, value in asked.items() if value is not None}
        try:
            params = question.params.model_validate(given)
        except ValidationError as error:
            raise bad_parameter(error) from error
        return cast("T", question.ask(self._asking, params))

    def silences(self) -> tuple[Muted, ...]:
        """As the protocol has it."""
        return self._asking.ask(silences)

    def context(self) -> Context:
        """As the protocol has it."""
        return self._asking.context()

    def acknowledge(self, incident_id: int, note: str) -> IncidentLine:
        """As the protocol has it."""
        return self._change(lambda tx, ctx: take(tx, ctx, self._actor, incident_id, note))

    def silence(self, target: str, length: timedelta, reason: str) -> Muted:
        """As the protocol has it."""
        return self._change(
            lambda tx, ctx: put_silence(tx, ctx, self._actor, target, length, reason)
        )

    def end_silence(self, silence_id: int) -> Muted:
        """As the protocol has it."""
        return self._change(lambda tx, ctx: end_silence_by_id(tx, ctx, self._actor, silence_id))

    def end_silences_of(self, target: str) -> tuple[str, Sequence[Muted]]:
        """As the protocol has it."""
        return self._change(lambda tx, ctx: end_silences_of(tx, ctx, self._actor, target))

    def close(self) -> None:
        """As the protocol has it."""
        self._store.close()

    def _change(self, work: Callable[[Tx, Context], T]) -> T:
        ctx = self.context()
        return self._store.write(lambda tx: work(tx, ctx))
