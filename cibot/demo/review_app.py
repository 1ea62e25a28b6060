"""The simulated review server's answers, as a WSGI application.

Source: Gerrit's Documentation/rest-api.html: the guard before the JSON,
plain-text errors, ``_more_changes``, the server's limit.

Of the search language (Documentation/user-search.html) it knows what cibot asks in: terms stand
side by side and all must hold; a group in parentheses offers projects, divided by OR. Everything
else is refused, as a real server refuses what it does not know.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import unquote

from werkzeug import Request, Response

from cibot.demo.reviews import Info, Reviews
from cibot.errors import Permanent, UserError

_OPTIONS = frozenset((
    "ALL_REVISIONS", "CURRENT_COMMIT", "CURRENT_REVISION", "DETAILED_ACCOUNTS", "DETAILED_LABELS",
    "LABELS", "MESSAGES", "SKIP_DIFFSTAT",
))  # fmt: skip
_DETAIL = frozenset({"DETAILED_ACCOUNTS", "MESSAGES"})
_PERSONAL = frozenset({"name", "email", "username", "tags"})


class ReviewRefusal(Permanent):
    """An answer that is not 200."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ReviewApp:
    """Answers for ``reviews``, at most ``limit`` changes at once; ``requests`` counts them."""

    def __init__(self, reviews: Reviews, limit: int = 500) -> None:
        self.reviews = reviews
        self.requests = 0
        self._limit = limit

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.requests += 1
        request = Request(environ)
        page = change_page(self.reviews, request.path)
        if page is not None:
            return Response(page, content_type="text/html; charset=utf-8")(environ, start_response)
        try:
            answer = self._answer(request)
            response = Response(b")]}'\n" + answer, content_type="application/json; charset=UTF-8")
        except ReviewRefusal as refusal:
            response = Response(str(refusal), refusal.status, content_type="text/plain")
        if "gzip" in request.headers.get("Accept-Encoding", "") and response.content_length:
            response.set_data(gzip.compress(response.get_data(), 1))
            response.headers["Content-Encoding"] = "gzip"
        return response(environ, start_response)

    def _answer(self, request: Request) -> bytes:
        # The raw path: a project's or group's name may hold an encoded slash.
        path = str(request.environ["REQUEST_URI"]).partition("?")[0].strip("/")
        parts = [unquote(part) for part in path.split("/")]
        if request.method != "GET":
            raise ReviewRefusal(405, "Method Not Allowed")
        with self.reviews.lock:
            return json.dumps(self.route(parts, request)).encode()

    def route(self, parts: list[str], request: Request) -> Any:
        """What a path answers, as JSON. Raises ReviewRefusal."""
        answer: Any = None
        match parts:
            case ["config", "server", "version"]:
                answer = "3.13.5"
            case ["changes"]:
                answer = self._changes(request)
            case ["changes", number, "detail"]:
                answer = self._change(number, _DETAIL | _options(request))
            case ["changes", number]:
                answer = self._change(number, _options(request))
            case ["projects"]:
                answer = self._projects(request)
            case ["accounts", who] | ["accounts", who, "detail"]:
                answer = self._account(who)
            case _:
                raise ReviewRefusal(404, "Not Found")
        return answer

    # -- changes ----------------------------------------------------------

    def _changes(self, request: Request) -> Any:
        options = _options(request)
        limit, start = _number(request, "n", 0), _number(request, "S", 0)
        queries = request.args.getlist("q") or ["status:open"]
        answers = [self._query(query, options, limit, start) for query in queries]
        return answers if len(answers) > 1 else answers[0]

    def _query(self, text: str, options: frozenset[str], limit: int, start: int) -> list[Info]:
        try:
            query = parse(text)
        except UserError as error:
            raise ReviewRefusal(400, str(error)) from None
        most = min(limit or self._limit, self._limit)
        rows = filter(query.test, self.reviews.newest_first(query.after, query.before))
        page = list(itertools.islice(rows, start, start + most + 1))
        shown = [
            self._shown(info, options) for info in page[:most] if not self._fails(info, options)
        ]
        if len(page) > most and shown:
            shown[-1]["_more_changes"] = True
        return shown

    def _change(self, number: str, options: frozenset[str]) -> Info:
        project, _, digits = number.rpartition("~")
        numeric = digits.isascii() and digits.isdigit()
        numbered = self.reviews.numbered(int(digits), project or None) if numeric else []
        if len(numbered) > 1:
            raise ReviewRefusal(404, f"Multiple changes found for {number}")
        if not numbered:
            raise ReviewRefusal(404, f"Not found: {number}")
        if self._fails(numbered[0], options):
            raise ReviewRefusal(500, "Internal server error")
        return self._shown(numbered[0], options)

    def _fails(self, info: Info, options: frozenset[str]) -> bool:
        """Whether Gerrit fails over a change, which it leaves out of a list then."""
        return "CURRENT_COMMIT" in options and info["_number"] in self.reviews.lost_commits

    def _shown(self, info: Info, options: frozenset[str]) -> Info:
        shown = dict(info)
        messages = shown.pop("messages", [])
        if not options & {"ALL_REVISIONS", "CURRENT_REVISION"}:
            shown.pop("revisions", None)
        person = self._detailed if "DETAILED_ACCOUNTS" in options else _bare
        if "owner" in shown:
            shown["owner"] = person(shown["owner"])
        if "MESSAGES" in options:
            shown["messages"] = [
                {**message, "author": person(message["author"])}
                if message.get("author")
                else message
                for message in messages
            ]
        if "SKIP_DIFFSTAT" not in options:
            shown.setdefault("insertions", 0)
            shown.setdefault("deletions", 0)
        return shown

    def _detailed(self, account: Info) -> Info:
        return {**account, **self.reviews.accounts.get(account.get("_account_id", 0), {})}

    # -- the rest ---------------------------------------------------------

    def _projects(self, request: Request) -> Info:
        limit, start = _number(request, "n", 0), _number(request, "S", 0)
        names = sorted(self.reviews.projects)
        page = names[start : start + limit] if limit else names[start:]
        return {name: {"id": name.replace("/", "%2F"), "state": "ACTIVE"} for name in page}

    def _account(self, who: str) -> Info:
        if who == "self":
            raise ReviewRefusal(403, "Authentication required")
        for number, info in self.reviews.accounts.items():
            if who in (str(number), info.get("username"), info.get("email")):
                return info
        raise ReviewRefusal(404, f"Account '{who}' not found")


def _bare(account: Info) -> Info:
    return {key: value for key, value in account.items() if key not in _PERSONAL}


def _options(request: Request) -> frozenset[str]:
    options = frozenset(request.args.getlist("o"))
    for option in sorted(options - _OPTIONS):
        raise ReviewRefusal(400, f'"{option}" is not a valid value for "-o"')
    return options


def _number(request: Request, name: str, default: int) -> int:
    written = request.args.get(name)
    if written is None:
        return default
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise ReviewRefusal(400, f'"{written}" is not a valid value for "-{name}"')
    return int(written)


_PATH = re.compile(r"/(?:c/[^?#]{1,500}/\+/)?([0-9]{1,9})(?:/[0-9]{1,5})?/?")
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 1rem;padding:.6rem;"
    "border-left:3px solid #888}"
)


def change_page(reviews: Reviews, path: str) -> str | None:
    """The page at ``/NUMBER``, ``/NUMBER/PATCH_SET`` or ``/c/PROJECT/+/NUMBER…``, else None."""
    match = _PATH.fullmatch(path)
    info = reviews.change(int(match[1])) if match else None
    return _page(info, reviews) if info is not None else None


def _page(info: Info, reviews: Reviews) -> str:
    title = escape(f"{info['_number']}: {info['subject']}")
    about = escape(f"{info['project']}, branch {info['branch']}, {info['status']}")
    messages = "\n".join(_message(message, reviews) for message in info["messages"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>{about}. This is a simulated review server: nothing of it is real.</p>\n{messages}"
    )


def _message(message: Info, reviews: Reviews) -> str:
    number = message.get("author", {}).get("_account_id", 0)
    author = reviews.accounts.get(number, {}).get("name", "?")
    head = escape(f"{author}, {message['date'][:19]} UTC")
    return f"<h2>{head}</h2><pre>{escape(message['message'])}</pre>"


Test = Callable[[dict[str, Any]], bool]
_TERM = re.compile(r'\s*(?:\((?P<group>[^()]*)\)|(?:(?P<name>\w+):)?(?P<value>"[^"]*"|[^\s()"]+))')
_STATUSES = {
    "open": {"NEW"},
    "closed": {"MERGED", "ABANDONED"},
    "merged": {"MERGED"},
    "abandoned": {"ABANDONED"},
}


@dataclass(slots=True)
class Query:
    """Tests that a change must pass, and the bounds of its time as Gerrit writes them."""

    tests: list[Test] = field(default_factory=list)
    after: str | None = None
    before: str | None = None

    def test(self, info: dict[str, Any]) -> bool:
        """Whether a change within the bounds fits."""
        return all(test(info) for test in self.tests)


def parse(text: str) -> Query:
    """The query that ``text`` asks. Raises UserError, mostly in Gerrit's words."""
    query, at = Query(), 0
    while text[at:].strip():
        match = _TERM.match(text, at)
        if match is None:
            raise UserError(f"line 1:{at} no viable alternative at input {text[at : at + 40]!r}")
        at = match.end()
        value = (match["value"] or "").strip('"')
        if match["group"] is not None:
            choices = [parse(choice) for choice in match["group"].split(" OR ")]
            query.tests.append(_any_of(choices))
        elif match["name"] == "after":
            query.after = _moment("after", value)
        elif match["name"] == "before":
            query.before = _moment("before", value)
        else:
            query.tests.append(_operator(match["name"], value))
    return query


def _any_of(choices: list[Query]) -> Test:
    return lambda info: any(choice.test(info) for choice in choices)


def _operator(name: str | None, value: str) -> Test:
    if name == "project":
        return _project(value)
    if name in {"is", "status"} and value in _STATUSES:
        return lambda info: info["status"] in _STATUSES[value]
    if name in {None, "change"} and value.isascii() and value.isdigit():
        return lambda info: info["_number"] == int(value)
    raise UserError(f"Unsupported operator {name or 'default'}:{value}")


def _project(value: str) -> Test:
    if not value.startswith("^"):
        return lambda info: info["project"] == value
    try:
        pattern = re.compile(value[1:])
    except re.error:
        raise UserError(f"Invalid regular expression: {value}") from None
    return lambda info: pattern.fullmatch(info["project"]) is not None


def _moment(name: str, value: str) -> str:
    """A day or a second in UTC, as Gerrit's answers write it."""
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        raise UserError(f"Invalid {name} value: {value}") from None
    return f"{moment:%Y-%m-%d %H:%M:%S}.000000000"
