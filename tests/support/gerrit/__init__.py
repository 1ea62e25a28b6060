"""A real Gerrit for tests: `server` runs it, `rest` does in it what people and CIs do."""

from tests.support.gerrit.rest import Account, GerritRefusedError
from tests.support.gerrit.server import GerritServer

__all__ = ["Account", "GerritRefusedError", "GerritServer"]
