"""A simulated review server on which one may log in below ``/a/``, and then see groups."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug import Request

from cibot.demo.review_app import ReviewApp, ReviewRefusal
from cibot.demo.reviews import Info, Reviews


class ReviewAppWithLogins(ReviewApp):
    """``logins`` maps usernames to HTTP passwords, ``groups`` names to their members."""

    def __init__(
        self,
        reviews: Reviews,
        logins: Mapping[str, str],
        groups: Mapping[str, Iterable[int]],
        limit: int = 500,
    ) -> None:
        super().__init__(reviews, limit)
        self._logins = logins
        self._groups = groups

    def route(self, parts: list[str], request: Request) -> Any:
        if parts[0] != "a":
            return super().route(parts, request)
        user = self._login(request)
        match parts[1:]:
            case ["accounts", "self", *rest]:
                return self._own(user, rest, request)
            case ["groups", name, "members"] if name in self._groups:
                accounts = self.reviews.accounts
                return [
                    {"_account_id": number, **accounts[number]} for number in self._groups[name]
                ]
            case ["groups", name, "members"]:
                raise ReviewRefusal(404, f"Not found: {name}")
            case rest:
                return super().route(rest, request)

    def _own(self, user: str, rest: list[str], request: Request) -> Info:
        try:
            account: Info = super().route(["accounts", user, *rest], request)
        except ReviewRefusal:
            return {"username": user}
        return account

    def _login(self, request: Request) -> str:
        given = request.authorization
        name, password = (given.username, given.password) if given else (None, None)
        right = self._logins.get(name or "")
        if right is None or not hmac.compare_digest(right.encode(), (password or "").encode()):
            raise ReviewRefusal(401, "Unauthorized")
        return name or ""


def with_logins(
    logins: Mapping[str, str], groups: Mapping[str, Iterable[int]]
) -> Callable[[Reviews], ReviewApp]:
    """For the ``make_app`` of a `ReviewServer`."""
    return lambda reviews: ReviewAppWithLogins(reviews, logins, groups)
