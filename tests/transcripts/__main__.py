"""Writes what docs/ says of the commands.

`make docs` writes the table of docs/commands.md; `make transcripts` also asks
every command on real servers and writes what was said.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cibot.chat.command import Command
from cibot.chat.commands import COMMANDS
from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Backend, Link
from cibot.config.models import Config, PersonConfig
from cibot.store.engine import Store, open_store
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, ago, make_tables
from tests.support.loopback import forbid_network
from tests.transcripts.irc import irc_session
from tests.transcripts.slack import slack_session
from tests.transcripts.table import with_table

DOCS = Path(__file__).resolve().parents[2] / "docs"
PEOPLE = (PersonConfig(name="Mika", accounts=("irc:mika", "slack:U0PERSON0"), admin=True),)

Answers = Callable[[Mapping[str, Backend]], Dispatcher]


def questions(command: Command) -> list[str]:
    """What is asked to show a command: its example, after what that needs."""
    return [*command.before, command.example]


@contextlib.contextmanager
def answering() -> Iterator[Answers]:
    """A database with a small history, and the dispatcher that answers from it."""
    config: Config = CONFIG.model_copy(update={"person": PEOPLE})
    with tempfile.TemporaryDirectory() as directory:
        store: Store = make_tables(open_store(f"sqlite:///{directory}/cibot.db"))
        canned(store)

        def dispatcher(backends: Mapping[str, Backend]) -> Dispatcher:
            def links() -> dict[str, Link]:
                # the one thing here that the hour of the recording would show in
                return {
                    name: replace(backend.link(), since=NOW - ago(hours=5))
                    for name, backend in backends.items()
                }

            return Dispatcher(store, config, lambda: NOW, links)

        try:
            yield dispatcher
        finally:
            store.close()


def page(title: str, words: str, said: Mapping[str, str]) -> str:
    """A page with a part for each command."""
    parts = [f"# {title}\n\n{words}\n"]
    parts += [f"## {name}\n\n```\n{text}\n```\n" for name, text in said.items()]
    return "\n".join(parts)


def main() -> int:
    """Writes the table; then records both sessions, unless only the table is wanted."""
    forbid_network()
    path = DOCS / "commands.md"
    path.write_text(with_table(path.read_text("utf-8"), COMMANDS.values()), "utf-8")
    if sys.argv[1:] == ["--table"]:
        return 0
    asked = {name: questions(command) for name, command in COMMANDS.items()}
    with answering() as answers:
        said = irc_session(asked, answers)
    (DOCS / "session-irc.md").write_text(page("A session on IRC", _IRC, said), "utf-8")
    with answering() as answers:
        said = slack_session(asked, answers)
    (DOCS / "session-slack.md").write_text(page("A session in Slack", _SLACK, said), "utf-8")
    print(f"recorded {len(asked)} commands in docs/session-irc.md and docs/session-slack.md")
    return 0


_NOTE = """Every command with its example, recorded by `make transcripts` on a small made-up
history. Do not edit this page: run that again."""
_IRC = f"""{_NOTE} The lines went over a real InspIRCd with Atheme's services, where mika is
logged in to an account that `[[person]]` names; the last part is from a real ngircd, which has
no accounts. `[private]` is what only the one who asked sees."""
_SLACK = f"""{_NOTE} The requests were signed and posted over HTTP as Slack does, and
answered through `response_url` and `chat.postMessage`. `[only you]` is what only the one who asked
sees. Slack shows blocks; this is their text. The last parts are a mention and a direct message."""

if __name__ == "__main__":
    sys.exit(main())
