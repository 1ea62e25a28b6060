"""Errors of a request to Gerrit, in words that say what to do."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from cibot.errors import CibotError, Permanent, Transient


class NotFound(Permanent):
    """404: it does not exist, or this account may not see it.

    ``by_gerrit`` says that Gerrit itself said so, in its words, and no proxy.
    """

    def __init__(self, message: str, *, by_gerrit: bool = True) -> None:
        super().__init__(message)
        self.by_gerrit = by_gerrit


class RequestRefused(Permanent):
    """401 or 403: the login is wrong or lacks a right."""


class BadRequest(Permanent):
    """400: Gerrit does not understand the question; ``said`` is its answer."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class ServerFault(Transient):
    """500: Gerrit failed over the question; one that asks for less may be answered."""


class TooMuch(Transient):
    """The answer did not come in time or was too large: ask for less at once."""


_SCHEMES = {"digest": "Digest", "negotiate": "Kerberos", "ntlm": "NTLM", "bearer": "Bearer"}
_LOGIN = re.compile(
    r"<input[^>]{0,200}type=[\"']?password|<title[^>]*>[^<]*\b(?:log|sign)[ -]?(?:in|on)\b",
    re.IGNORECASE,
)
_BUSY = frozenset({408, 425, 429})
_errors = requests.exceptions

# The first that fits, so the narrower stand above; {0} is the url, {1} the
# host, {2} the place, {3} and {4} the timeouts, {5} the remedy of a refusal.
_CONNECTION: tuple[tuple[tuple[type[BaseException], ...], type[CibotError], str], ...] = (
    ((_errors.ProxyError,), Transient, "{0}: the proxy fails; check HTTPS_PROXY and NO_PROXY"),
    (
        (_errors.ConnectTimeout,),
        Transient,
        "{0}: no connection within {3:g} s; check the url, a firewall or proxy",
    ),
    (
        (_errors.Timeout, urllib3.exceptions.ReadTimeoutError),
        TooMuch,
        "{2}: no answer within {4:g} s",
    ),
    (
        (socket.gaierror, urllib3.exceptions.NameResolutionError),
        Transient,
        "{0}: the name {1!r} does not resolve; check the url and DNS",
    ),
    ((ConnectionRefusedError,), Transient, "{0}: connection refused; {5}"),
    ((_errors.InvalidURL,), Permanent, "{0}: not a usable url; check its host and port"),
)


def of_connection(
    url: str,
    place: str,
    error: BaseException,
    timeout: tuple[float, float],
    *,
    refused: str = "is Gerrit running, is the port right?",
    bundle: str = "give the CA that signed it as the path of a CA bundle",
) -> CibotError:
    """The error for a request that got no whole answer.

    ``refused`` and ``bundle`` are the remedies for a refused connection and for a
    certificate that is not trusted.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, _errors.SSLError) for cause in causes):
        return _of_tls(url, causes, bundle)
    if "CA certificate bundle" in str(error):  # requests says so in an OSError of its own
        return Permanent(f"{url}: the CA bundle to verify it with cannot be read; check its path")
    for kinds, wrapper, text in _CONNECTION:
        if any(isinstance(cause, kinds) for cause in causes):
            host = urlsplit(url).hostname
            return wrapper(text.format(url, host, place, *timeout, refused))
    return Transient(f"{place}: the connection broke before the answer was whole")


def _of_tls(url: str, causes: list[BaseException], bundle: str) -> CibotError:
    said = " ".join(str(cause) for cause in causes)
    if "CERTIFICATE_VERIFY_FAILED" in said:
        reason = re.search(r"certificate verify failed: ([^()]{1,120})", said)
        why = reason[1].strip() if reason else "no reason given"
        return Permanent(
            f"{url}: its certificate is not trusted ({why}); {bundle}, or correct the host name"
        )
    if "WRONG_VERSION_NUMBER" in said or "HTTP_REQUEST" in said:
        return Permanent(
            f"{url}: does not speak TLS on that port; should the url begin with http:?"
        )
    return Transient(f"{url}: the TLS connection failed")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it wraps: requests hides causes in ``args`` and ``reason``."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        cause = todo.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        todo += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def of_status(
    url: str, place: str, response: requests.Response, body: bytes, authenticated: bool
) -> CibotError:
    """The error for an answer that is not 200."""
    status = response.status_code
    said = _said(body, response)
    if 300 <= status < 400:
        return _redirect(place, response)
    if status in (401, 403):
        return _refused(place, response, body, authenticated)
    if status == 407:
        return Permanent(
            f"{place}: 407, the proxy between cibot and Gerrit wants a login of its own;"
            " give it in HTTPS_PROXY, or name the host in NO_PROXY"
        )
    if status == 400:
        return BadRequest(f"{place}: 400, Gerrit refuses the question{said}", said)
    if status >= 500 or status in _BUSY:
        kind = ServerFault if status == 500 else Transient
        return kind(f"{place}: {status}{said}", retry_after=retry_after(response))
    reason = "404, not found or not visible" if status == 404 else str(status)
    message = f"{place}: {reason}{said}; is {url} the root of a Gerrit?"
    by_gerrit = "not found:" in said.casefold()
    return NotFound(message, by_gerrit=by_gerrit) if status == 404 else Permanent(message)


def _refused(
    place: str, response: requests.Response, body: bytes, authenticated: bool
) -> RequestRefused:
    if looks_like_html(body, response):  # Gerrit refuses in a line of plain text
        return RequestRefused(
            f"{place}: {response.status_code}, a web page{_title(body)} instead of Gerrit's own"
            " refusal; a proxy or a login before Gerrit refuses it, ask who runs that to let"
            " cibot's host through"
        )
    if response.status_code == 403:
        who = "this account" if authenticated else "an anonymous reader"
        said = _said(body, response)
        return RequestRefused(
            f"{place}: 403, {who} may not read this{said}; grant the right in Gerrit"
        )
    scheme = response.headers.get("WWW-Authenticate", "").split(" ")[0].strip(",").casefold()
    if scheme and scheme != "basic":
        return RequestRefused(
            f"{place}: 401, it wants {_SCHEMES.get(scheme, ascii(scheme[:20]))} authentication and"
            " cibot speaks Basic; set auth.gitBasicAuthPolicy in Gerrit (Digest went with 2.14),"
            " or let cibot pass the login before it"
        )
    remedy = (
        "check the username and the HTTP password (Gerrit: Settings, HTTP Credentials)"
        if authenticated
        else "it wants a login; give a username and an HTTP password"
    )
    return RequestRefused(f"{place}: 401, the login is refused; {remedy}")


def _redirect(place: str, response: requests.Response) -> Permanent:
    try:
        target = urlsplit(response.headers.get("Location", ""))
    except ValueError:
        said = f"{place}: redirected ({response.status_code}) to what is no address"
        return Permanent(f"{said}; is it a Gerrit that answers there?")
    shown = f"{target.scheme}://{target.hostname}{target.path}" if target.hostname else target.path
    if re.search(r"log-?in|sign-?in|\bsso\b|auth|openid|saml", shown, re.IGNORECASE):
        remedy = "that is a login page: give a username and an HTTP password"
    elif re.search(r"portal|captive|blocked|denied|proxy|filter", shown, re.IGNORECASE):
        remedy = "a portal or a proxy stands before Gerrit: let cibot's host through"
    else:
        remedy = "give the address that it redirects to as the url"
    return Permanent(f"{place}: redirected ({response.status_code}) to {shown[:200]!r}; {remedy}")


def retry_after(response: requests.Response) -> float | None:
    """Seconds, from a number or a date (RFC 9110, 10.2.3)."""
    written = response.headers.get("Retry-After", "").strip()
    if written.isascii() and written.isdigit():
        return float(written[:9])
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None


def served_at(response: requests.Response) -> datetime | None:
    """The server's own clock when it answered, to the second."""
    try:
        moment = parsedate_to_datetime(response.headers["Date"])
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (KeyError, ValueError, OverflowError):
        return None


def looks_like_html(body: bytes, response: requests.Response) -> bool:
    """A page for people instead of JSON."""
    kind = response.headers.get("Content-Type", "")
    return "html" in kind.lower() or body[:200].lstrip().lower().startswith(
        (b"<!doctype", b"<html")
    )


def html(url: str, place: str, body: bytes) -> Permanent:
    """The error for a web page where JSON was due."""
    if _LOGIN.search(body[:65536].decode(errors="replace")):
        return Permanent(
            f"{place}: a web page{_title(body)} instead of JSON; that is a login page: give a"
            " username and an HTTP password, or let cibot pass the login before Gerrit"
        )
    return Permanent(
        f"{place}: a web page{_title(body)} instead of JSON; a login or a proxy stands before it,"
        f" or {url} is not the root of a Gerrit"
    )


def _title(body: bytes) -> str:
    title = re.search(rb"<title[^>]*>([^<]{1,80})", body[:4096], re.IGNORECASE)
    return f" titled {title[1].decode(errors='replace').strip()!r}" if title else ""


def foreign(url: str, place: str, error: Exception) -> Permanent:
    """The error for an answer that no Gerrit gives."""
    reason = "it nests too deeply" if isinstance(error, RecursionError) else str(error)[:120]
    return Permanent(f"{place}: the answer is not Gerrit's JSON ({reason}); is {url} a Gerrit?")


def too_big(place: str, limit: int) -> TooMuch:
    """The error for an answer that is too large."""
    return TooMuch(f"{place}: the answer is larger than {limit >> 20} MiB; use a smaller page size")


def too_many(place: str, limit: int) -> TooMuch:
    """The error for an answer that would take too much memory, were it read."""
    return TooMuch(f"{place}: the answer has more than {limit:,} values; use a smaller page size")


def _said(body: bytes, response: requests.Response) -> str:
    """Gerrit's own words: errors are plain text of a line."""
    if looks_like_html(body, response):
        return ""
    line = body[:400].decode(errors="replace").strip().splitlines()[:1]
    return f" ({line[0][:200]})" if line and line[0].isprintable() else ""
