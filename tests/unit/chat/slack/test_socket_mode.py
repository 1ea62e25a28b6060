"""A websocket that Slack hung up on is closed, and never the one that took its place."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from slack_sdk.socket_mode import SocketModeClient

from cibot.chat.slack.socket_mode import _close_if_hung_up


@dataclass
class _Session:
    """A websocket of slack-sdk's: ``on_look`` runs as soon as its state is looked at."""

    ours: socket.socket
    on_look: Callable[[], None] = lambda: None
    closed: bool = False

    @property
    def sock(self) -> socket.socket:
        self.on_look()
        return self.ours

    def close(self) -> None:
        self.closed = True


@dataclass
class _Client:
    """The part of slack-sdk's client that holds the present websocket."""

    current_session: _Session | None
    disconnected: list[_Session | None] = field(default_factory=list)

    def disconnect(self) -> None:
        self.disconnected.append(self.current_session)
        if self.current_session is not None:
            self.current_session.close()


@contextmanager
def _session() -> Iterator[tuple[_Session, socket.socket]]:
    """A websocket and Slack's end of it."""
    ours, slacks = socket.socketpair()
    with ours, slacks:
        yield _Session(ours), slacks


def _look(client: _Client) -> None:
    _close_if_hung_up(cast("SocketModeClient", cast("Any", client)))


def test_the_websocket_that_slack_hung_up_on_is_closed() -> None:
    with _session() as (session, slacks):
        client = _Client(session)
        _look(client)
        assert not session.closed
        slacks.send(b"something to read")
        _look(client)
        assert not session.closed
        session.ours.recv(100)
        slacks.close()
        _look(client)
        assert session.closed


def test_a_refresh_during_the_look_keeps_its_new_websocket() -> None:
    with _session() as (old, slacks), _session() as (new, _slacks):
        client = _Client(old)

        def refresh() -> None:
            client.current_session = new

        old.on_look = refresh
        slacks.close()
        _look(client)
        assert old.closed
        assert not new.closed
        assert client.current_session is new
        assert client.disconnected == []


def test_before_the_first_websocket_there_is_nothing_to_close() -> None:
    _look(_Client(None))
