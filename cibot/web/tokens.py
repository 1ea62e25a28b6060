"""The tokens of the configuration: how to make one, and who holds a presented one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from cibot.config.models import TokenConfig

_MADE_BY_US = "cibot_"  # recognised by scanners for leaked secrets and by our log


def new_token() -> str:
    """A random token of 256 bits."""
    return _MADE_BY_US + secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """As the configuration keeps it; no salt is needed where nothing can be guessed."""
    return "sha256:" + hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class Tokens:
    """Every ``[[token]]``, by its hash."""

    def __init__(self, tokens: Iterable[TokenConfig]) -> None:
        self._tokens = [(_hash_in(token).encode(), token) for token in tokens]

    def holder(self, presented: str) -> TokenConfig | None:
        """The token that was presented; the time it takes tells nothing of the others."""
        mine = hash_of(presented).encode()
        match = None
        for configured, token in self._tokens:
            if hmac.compare_digest(mine, configured):
                match = token
        return match


def _hash_in(token: TokenConfig) -> str:
    return token.hash or (hash_of(token.secret.get_secret_value()) if token.secret else "")
