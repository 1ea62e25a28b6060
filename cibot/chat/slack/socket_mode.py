"""Socket Mode: Slack's requests over a websocket that we open, for hosts behind a firewall.

slack-sdk's built-in client does the websocket; its own reconnecting is off,
because it knows no backoff and stops when the first connect fails.
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import WebClient

from cibot.chat.pace import Backoff
from cibot.chat.protocol import STANDBY, Leads, always
from cibot.chat.slack.answers import BUSY, Answerer, Taken
from cibot.chat.slack.api import sdk_logger
from cibot.chat.slack.errors import translated
from cibot.chat.slack.events import BadPayload, Incoming, parse_command, parse_event, parse_press

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_LOOK_EVERY_S = 1.0
_REFRESH_TAKES_S = 5.0
_REFRESHES = ("refresh_requested", "warning")


class SlackSocket:
    """One app's websocket, kept open by one thread of ours."""

    def __init__(
        self,
        network: str,
        app_token: str,
        client: WebClient,
        answerer: Answerer,
        bot_user: Callable[[], str | None],
        ours: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        self._network = network
        self._ours = ours
        self._app_token = app_token
        self._web = client
        self._answerer = answerer
        self._bot_user = bot_user
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._refreshed_at = -_REFRESH_TAKES_S
        self.up = False
        self.detail = "connecting"

    def start(self, leads: Leads = always) -> None:
        """Connects in the background, and stays connected while ``leads`` says so."""
        self._leads = leads
        self._thread = threading.Thread(
            target=self._run, name=f"slack-socket-{self._network}", daemon=True
        )
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Closes the websocket and ends the thread, in ``timeout`` seconds at the most."""
        self._stopping.set()
        if self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        client = SocketModeClient(
            app_token=self._app_token,
            web_client=self._web,
            logger=sdk_logger(),
            auto_reconnect_enabled=False,
        )
        client.message_listeners.append(self._hello)
        client.on_message_listeners.append(self._any_message)
        client.socket_mode_request_listeners.append(self._request)
        backoff = Backoff(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        while not self._stopping.wait(0 if not self.up else _LOOK_EVERY_S):
            if not self._leads():
                if self.up or client.is_connected():
                    _wake(client)
                    _disconnect(client)
                self.up, self.detail = False, STANDBY
                self._stopping.wait(_LOOK_EVERY_S)
                continue
            _close_if_hung_up(client)
            if client.is_connected():
                backoff.reset()
                continue
            if self.up and self._refreshing():
                continue  # slack-sdk opens the new one itself
            if self.up:
                self._set_link(False, "the connection broke")
            if self._connect(client):
                continue
            self._stopping.wait(backoff.next())
        self.up = False
        _wake(client)
        _disconnect(client)
        client.close()
        _disconnect(client)  # a refresh may have put a new websocket in its place meanwhile

    def _connect(self, client: SocketModeClient) -> bool:
        try:
            client.connect_to_new_endpoint()
        except SlackApiError as error:
            self._set_link(False, str(translated(error, "open Socket Mode")))
            return False
        except (OSError, HTTPException, SlackClientError, ValueError) as error:
            self._set_link(False, f"open Socket Mode: {error}")
            return False
        if not client.is_connected():
            self._set_link(False, "Slack did not take the websocket")
            return False
        self._set_link(True, "Socket Mode")
        return True

    def _set_link(self, up: bool, detail: str) -> None:
        if (self.up, self.detail) != (up, detail):
            log.log(logging.INFO if up else logging.WARNING, "slack %s: %s", self._network, detail)
        self.up, self.detail = up, detail

    def _any_message(self, raw: str) -> None:
        """Slack renews a websocket every few hours and says so before.

        The old and the new one are then open together for a moment.
        https://docs.slack.dev/apis/events-api/using-socket-mode#disconnect
        """
        if '"disconnect"' in raw[:200] and any(f'"{reason}"' in raw for reason in _REFRESHES):
            self._refreshed_at = time.monotonic()

    def _refreshing(self) -> bool:
        return time.monotonic() - self._refreshed_at < _REFRESH_TAKES_S

    def _hello(self, _client: Any, message: dict[str, Any], _raw: str | None) -> None:
        """More than one open connection means that Slack deals the requests out among them."""
        others = message.get("num_connections") if message.get("type") == "hello" else None
        if isinstance(others, int) and others > 1 + self._refreshing():
            log.warning(
                "slack %s: %d connections share this app's requests; is a second cibot running?",
                self._network,
                others,
            )

    def _request(self, client: Any, request: SocketModeRequest) -> None:
        incoming = self._read(request)
        taken = self._answerer.take(incoming) if incoming else Taken.YES
        payload = None
        if taken is Taken.BUSY:
            if request.type != "slash_commands":
                return  # not acknowledged: Slack sends it again
            payload = {"response_type": "ephemeral", "text": BUSY}
        try:
            client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))
        except (OSError, SlackClientError) as error:
            log.warning("slack %s: could not acknowledge: %s", self._network, error)

    def _read(self, request: SocketModeRequest) -> Incoming | None:
        if not self._ours(request.payload):
            log.warning("slack %s: a request of another workspace or app", self._network)
            return None
        try:
            if request.type == "events_api":
                return parse_event(request.payload, self._bot_user())
            parse = _PARSERS.get(request.type)
            return parse(request.payload) if parse else None
        except BadPayload as error:
            log.warning("slack %s: bad request: %s", self._network, error)
            return None


_PARSERS = {"slash_commands": parse_command, "interactive": parse_press}


def _close_if_hung_up(client: SocketModeClient) -> None:
    """Closes the websocket that Slack hung up on.

    ``client.disconnect()`` would close the present one, which is a new one where slack-sdk's
    thread refreshed it since the look.
    """
    session = client.current_session
    if session is not None and _is_hung_up(session):
        with contextlib.suppress(AttributeError, OSError):
            session.close()


def _is_hung_up(session: Connection) -> bool:
    """Whether Slack closed the connection.

    slack-sdk does not see the end of the stream: it reads nothing in a busy
    loop until its fifth ping fails, up to 25 seconds later.
    """
    sock = session.sock
    if sock is None:
        return False
    try:
        # A second handle on the raw socket: TLS sockets refuse to peek.
        with socket.fromfd(sock.fileno(), sock.family, sock.type) as raw:
            return not raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _disconnect(client: SocketModeClient) -> None:
    """Closes the websocket. slack-sdk stumbles where its own thread closes it as well."""
    with contextlib.suppress(AttributeError, OSError):
        client.disconnect()


def _wake(client: SocketModeClient) -> None:
    """Ends the read that slack-sdk's receiving thread is in; closing waits for it for seconds."""
    session = client.current_session
    sock = session.sock if session else None
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
