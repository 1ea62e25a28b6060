"""A Slack workspace on loopback that follows Slack's documentation strictly.

Web API over real HTTP, ``response_url``s, and Socket Mode's websocket. Tests
read what was posted, and tell it how to fail with `SlackServer.fail`.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Self

from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.support.processes import PATIENCE_S
from tests.support.slack_rules import faults_of_blocks
from tests.support.slack_websocket import Session, WebsocketServer
from tests.support.slack_workspace import APP_TOKEN, BOT_TOKEN, Fields, Refused, Workspace


@dataclass
class Fault:
    """How to fail. ``stored`` carries the request out first and then loses the answer."""

    status: int = 200
    error: str | None = None
    body: str | None = None
    retry_after: int | None = None
    hang: bool = False
    stored: bool = False


class Quiet(WSGIRequestHandler):
    def log(self, _type: str, message: str, *args: Any) -> None:
        pass


class SlackServer(Workspace):
    """``with SlackServer() as slack:`` serves until the block ends."""

    def __init__(self, *, rate_limit: bool = False, look_s: float = 0.01) -> None:
        super().__init__(rate_limit=rate_limit)
        self.token_error: str | None = None  # "token_revoked", "account_inactive", …
        self.responses: queue.Queue[tuple[str, Fields]] = queue.Queue()
        self.calls: list[tuple[str, Fields]] = []
        self.broken: dict[str, Fault] = {}  # methods that fail so until they are taken out
        self._faults: dict[str, deque[Fault]] = {}
        self._uses: dict[str, int] = {}
        self.released = threading.Event()
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.api_url = f"{self.url}/api/"
        self.websockets = WebsocketServer(self._admit)
        self.websocket_port = self.websockets.port
        # Closing takes as long as one look whether it shall.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(look_s,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.websockets.close()
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    # What tests use

    def fail(self, method: str, fault: Fault, times: int = 1) -> None:
        """The next ``times`` calls of ``method`` fail so; "response" is a response_url,
        "upload" the bytes of a file."""
        self._faults.setdefault(method, deque()).extend([fault] * times)

    def room(self, room: str) -> list[Fields]:
        """What stands in a conversation, thread replies included, oldest first."""
        with self._lock:
            return list(self.rooms[room].messages)

    def wait_for(self, room: str, count: int, timeout: float = PATIENCE_S) -> list[Fields]:
        """Waits until ``count`` messages stand in the room."""
        with self.posted:
            arrived = self.posted.wait_for(
                lambda: room in self.rooms and len(self.room(room)) >= count, timeout
            )
        assert arrived, f"{room} has {len(self.room(room)) if room in self.rooms else 0} messages"
        return self.room(room)

    def new_response_url(self) -> str:
        with self._lock:
            url = f"{self.url}/commands/T0TEAM/{len(self._uses)}/xyz"
            self._uses[url] = 0
        return url

    def session(self, timeout: float = PATIENCE_S) -> Session:
        """The next websocket that the app opens."""
        return self.websockets.opened.get(timeout=timeout)

    def say(self, room: str, text: str, **more: Any) -> str:
        """Somebody else writes; returns the ``ts``."""
        return self._store(self.rooms[room], {"user": "U0PERSON0", "text": text, **more})

    # HTTP

    def _app(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        act, name = self._api, request.path[5:]
        for start, kind in (("/commands/", "response"), ("/upload/v1/", "upload")):
            if request.path.startswith(start):
                act, name = {"response": self._response, "upload": self._upload}[kind], kind
        with self._lock:
            waiting = self._faults.get(name)
            fault = waiting.popleft() if waiting else self.broken.get(name)
        if fault is None:
            return act(request, name)(environ, start_response)
        if fault.stored:
            act(request, name)
        if fault.hang:
            self.released.wait(30)
        if fault.stored or fault.hang:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return self._failure(fault)(environ, start_response)

    def _failure(self, fault: Fault) -> Response:
        body = fault.body or json.dumps({"ok": False, "error": fault.error or "internal_error"})
        kind = "text/html" if body.startswith("<") else "application/json"
        response = Response(body, status=fault.status, content_type=f"{kind}; charset=utf-8")
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(fault.retry_after)
        return response

    def _api(self, request: Request, name: str) -> Response:
        fields: Fields = dict(request.args.items()) | dict(request.form.items())
        try:
            if request.mimetype == "application/json" and request.get_data():
                fields |= request.get_json()
        except ClientDisconnected:  # killed half way: Slack has heard nothing
            return Response(status=400)
        if not request.path.startswith("/api/"):
            return Response("nothing is there", 404)
        assert name in self._methods(), f"Slack has no method {name!r} that we know"
        try:
            self._authorize(request, fields, name)
            with self._lock:
                self.calls.append((name, fields))
                answer = {"ok": True, **self._methods()[name](fields)}
        except Refused as refused:
            answer = refused.answer
        status = 429 if answer.get("error") == "ratelimited" else 200
        response = Response(json.dumps(answer), status, content_type="application/json")
        response.headers["X-OAuth-Scopes"] = ",".join(sorted(self.scopes))
        if status == 429:
            response.headers["Retry-After"] = "1"
        with self.posted:
            self.posted.notify_all()
        return response

    def _response(self, request: Request, _name: str) -> Response:
        body = request.get_json()
        uses = self._uses.get(request.url)
        if uses is None or uses >= 5:
            return Response("used_url" if uses else "no_team", 404)
        faults = faults_of_blocks(body.get("blocks", []))
        if faults or not (body.get("text") or body.get("blocks")):
            return Response("invalid_blocks" if faults else "no_text", 400)
        assert body.get("response_type", "ephemeral") in {"ephemeral", "in_channel"}
        assert body.get("replace_original") is False, "would replace the alert that was pressed"
        self._uses[request.url] = uses + 1
        self.responses.put((request.url, body))
        return Response("ok")

    def _upload(self, request: Request, _name: str) -> Response:
        """Takes the bytes of a file; whoever knows the address may give them, without a token."""
        file = self.files.get(request.path.rpartition("/")[2])
        assert "Authorization" not in request.headers, "the token is nobody's business here"
        if file is None or len(request.get_data()) != file["length"]:
            return Response("no such file, or another length", 400)
        file["bytes"] = request.get_data()
        return Response("OK - " + str(file["length"]))

    def _authorize(self, request: Request, fields: Fields, name: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = token or fields.get("token", "")
        if not token:
            raise Refused("not_authed")
        if name == "apps.connections.open":
            if not token.startswith("xapp-"):
                raise Refused("not_allowed_token_type")
            if token != APP_TOKEN:
                raise Refused("invalid_auth")
        elif token != BOT_TOKEN:
            raise Refused("invalid_auth")
        if self.token_error:
            raise Refused(self.token_error)
