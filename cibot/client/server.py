"""One cibot server over HTTP: GET, POST and DELETE of JSON, with every failure named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from cibot import __version__
from cibot.collector.complaints import (
    TooMuch,
    looks_like_html,
    of_connection,
    retry_after,
    served_at,
)
from cibot.collector.transport import DirectSession
from cibot.errors import CibotError, ConfigError, Permanent, Transient, Unconfirmed, UserError
from cibot.web.api.question import PREFIX

TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two bytes


def _bearer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Sends the token, or nothing; a ``.netrc`` is not read."""

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


class Server:
    """A session with one server. ``url`` is its address, with a prefix where it has one.

    Nothing is sent to another server: redirects are errors. ``ca_file`` is the path of a CA bundle.
    Raises ConfigError for a wrong address.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        ca_file: str | None = None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self.url = checked(url)
        self.said_at: datetime | None = None
        self._has_token = bool(token)
        self._timeout = timeout
        self._verify = ca_file or True  # of each request: REQUESTS_CA_BUNDLE outdoes a session's
        self._cached: dict[str, tuple[str, Any]] = {}  # an ETag and its body
        self._session = DirectSession()
        self._session.auth = _bearer(token)
        self._session.headers.update(
            {"Accept": "application/json", "User-Agent": f"cibot/{__version__}"}
        )

    def __repr__(self) -> str:
        return f"Server({self.url!r})"

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def get(self, path: str, query: Mapping[str, str]) -> Any:
        """The JSON at ``path``, below ``/api/v1``.

        Raises UserError for what the server does not know, Transient where
        trying again may help, Permanent where a person must act.
        """
        key = f"{path}?{sorted(query.items())}"
        tag, cached = self._cached.get(key, ("", None))
        headers = {"If-None-Match": tag} if tag else {}
        response = self._send("GET", path, params=dict(query), headers=headers)
        if response.status_code == 304 and tag:
            return cached
        body = self._read(response)
        if "ETag" in response.headers:
            self._cached[key] = (response.headers["ETag"], body)
        return body

    def change(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Has something changed; ``method`` is POST or DELETE. Sent once.

        Raises as `get` does, and Unconfirmed where it may have been done all the same.
        """
        try:
            response = self._send(method, path, json=None if body is None else dict(body))
        except TooMuch as error:
            raise Unconfirmed(
                f"{error}; it may have been done all the same: look before you repeat it"
            ) from None
        return self._read(response)

    def _send(self, method: str, path: str, **fields: Any) -> requests.Response:
        try:
            response = self._session.request(
                method,
                f"{self.url}{PREFIX}{path}",
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
                **fields,
            )
        except (requests.RequestException, OSError, ValueError) as error:
            raise of_connection(
                self.url, self.url, error, self._timeout, refused=_REFUSED, bundle=_BUNDLE
            ) from None
        self.said_at = served_at(response)
        return response

    def _read(self, response: requests.Response) -> Any:
        kind = response.headers.get("Content-Type", "")
        if response.status_code == 204:
            return None
        if response.status_code >= 300 or not kind.startswith("application/json"):
            raise of_answer(self.url, response, token=self._has_token)
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError) as error:
            raise not_ours(self.url, f"its answer is not JSON ({error})") from None


def checked(url: str) -> str:
    """``url`` without its last slashes. Raises ConfigError."""
    try:
        split = urlsplit(url)
        sound = split.scheme in {"http", "https"} and bool(split.hostname) and split.port != 0
    except ValueError:
        sound = False
    if not sound or split.query or split.fragment:
        raise ConfigError(
            f"{url[:100]!r} is no server's address; write it as http://localhost:8080"
        )
    if split.username or split.password:
        raise ConfigError("leave name and password out of the address; a token identifies us")
    return url.rstrip("/").removesuffix(PREFIX)


_REFUSED = "is `cibot run` running there? Name another with --url, or ask the database with --db"
_BUNDLE = "give the file of the CA that signed it with --ca-file"
_HOW = "give one with --token-file or CIBOT_TOKEN (an admin makes it)"
_PROBLEM = "application/problem+json"


def of_answer(url: str, response: requests.Response, *, token: bool) -> CibotError:
    """The error for an answer that is not the JSON that was asked for.

    ``token`` says whether one was sent.
    """
    status = response.status_code
    if 300 <= status < 400:
        target = response.headers.get("Location", "")[:200]
        return Permanent(f"{url}: sends us on to {target!r}; give that server's address as --url")
    problem = _problem(response)
    if problem is None:
        return _foreign(url, response)
    detail = str(problem.get("detail") or problem.get("title") or status)
    if status == 401:
        remedy = "it does not take our token; is it spelt right, was it ended?" if token else _HOW
        return Permanent(f"{url}: wants a token: {remedy}")
    if status in {408, 429} or status >= 500:
        return Transient(f"{url}: {detail}", retry_after=retry_after(response))
    if status == 404 and problem.get("title") == "Not Found":  # the framework's, not an answer
        return Permanent(f"{url}: does not know this question: it is another version of cibot")
    return UserError(detail)


def not_ours(url: str, reason: object) -> Permanent:
    """The error for JSON that does not hold what an answer promises."""
    return Permanent(f"{url}: {str(reason)[:200]}: it speaks another version; see cibot --version")


def _problem(response: requests.Response) -> dict[str, Any] | None:
    if not response.headers.get("Content-Type", "").startswith(_PROBLEM):
        return None
    try:
        problem = json.loads(response.content)
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None


def _foreign(url: str, response: requests.Response) -> CibotError:
    status = response.status_code
    if status in {502, 503, 504}:
        return Transient(
            f"{url}: {status}, a proxy stands before it and finds no cibot; is it running?",
            retry_after=retry_after(response),
        )
    kind = "a web page" if looks_like_html(response.content, response) else "something"
    return Permanent(
        f"{url}: answers {status} with {kind} instead of cibot's JSON; a login or a proxy stands"
        " before it, or it is not the address of a cibot"
    )
