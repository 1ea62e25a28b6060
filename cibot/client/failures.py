"""What went wrong with one question to a cibot server, in a line that says what to do."""

from __future__ import annotations

import json
from typing import Any

import requests

from cibot.collector.complaints import looks_like_html, of_connection, retry_after
from cibot.errors import CibotError, Permanent, Transient, UserError

_REFUSED = "is `cibot run` running there? Name another with --url, or ask the database with --db"
_BUNDLE = "give the file of the CA that signed it with --ca-file"
_HOW = "give one with --token-file or CIBOT_TOKEN (an admin makes it)"
_PROBLEM = "application/problem+json"


def of_connection_to(url: str, error: BaseException, timeout: tuple[float, float]) -> CibotError:
    """The error for a question that got no whole answer."""
    return of_connection(url, url, error, timeout, refused=_REFUSED, bundle=_BUNDLE)


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
        return _older(url)
    return UserError(detail)


def not_ours(url: str, reason: object) -> Permanent:
    """The error for JSON that does not hold what an answer promises."""
    return Permanent(f"{url}: {str(reason)[:200]}: it speaks another version; see cibot --version")


def _problem(response: requests.Response) -> dict[str, Any] | None:
    if not response.headers.get("Content-Type", "").startswith(_PROBLEM):
        return None
    try:
        found = json.loads(response.content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


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


def _older(url: str) -> Permanent:
    return Permanent(f"{url}: does not know this question: it is another version of cibot")
