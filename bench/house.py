"""How much house there is: ``python -m bench.house``.

Lines of code (without docstrings, comments and blanks), class names that stand twice, and
through how many files and functions a webhook goes to the outbox and a question to its
answer. The last two are counted as they run, on SQLite, after a first one has run already.
"""

from __future__ import annotations

import ast
import io
import sys
import tempfile
import threading
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Self

from bench import site
from bench.table import Figure, show
from cibot.bootstrap import make_source
from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Question
from cibot.config.models import Config
from cibot.judging import Monitor
from cibot.model import Channel
from cibot.store.engine import Store, open_store
from cibot.store.outbox import depth
from cibot.webhooks.gerrit import MOUNT, Hook
from tests.support.hooked import Hooked
from tests.support.whole_bot import TOKEN

PACKAGE = Path(__file__).parents[1] / "cibot"
_TARGET_LINES = 26_500
_WAYS = {"webhook → outbox": (60, 350), "question → answer": (28, 110)}
_CIS = 12  # of fewer, one that fails could be one of a mass failure
_IGNORED = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENCODING, tokenize.ENDMARKER,
}  # fmt: skip


def code_lines(source: str) -> int:
    """The lines that hold code: no blanks, no comments, no docstrings."""
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if first is not None and ast.get_docstring(node, clean=False) is not None:
                docstrings.update(range(first.lineno, (first.end_lineno or 0) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _IGNORED:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def class_names() -> Counter[str]:
    """How often each name of a class stands in the package."""
    return Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )


class Entered:
    """The functions of the package that were entered while it watched.

    Of all threads that begin within `with Entered() as entered:`, and of the one that says so.
    """

    def __init__(self) -> None:
        self.functions: set[tuple[str, str, int]] = set()
        self._watching = False

    def __enter__(self) -> Self:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        threading.setprofile(None)
        sys.setprofile(None)

    @property
    def files(self) -> set[str]:
        """The files that these stand in."""
        return {path for path, _name, _line in self.functions}

    def watch(self, work: Callable[[], None]) -> None:
        """Runs ``work`` and notes what is entered meanwhile."""
        self.functions = set()
        self._watching = True
        work()
        self._watching = False

    def _note(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        ours = event == "call" and self._watching and code.co_filename.startswith(str(PACKAGE))
        if ours and not code.co_name.startswith("<"):
            self.functions.add((code.co_filename, code.co_name, code.co_firstlineno))


def _webhook(store: Store, config: Config) -> Callable[[int], None]:
    """Posts the comments of a change: the reference passes, a CI fails; then judges it."""
    monitor = Monitor(store, config, lambda: datetime.now(UTC))
    heard: set[int] = set()
    source = make_source(config, config.gerrit[0], store, heard.update)
    hooked = Hooked({site.SERVER: Hook(TOKEN, source.ingest)}, source.clock)

    def post(number: int) -> None:
        for ci, passed in ((0, True), (number, False)):
            body = site.event(ci, 100_000 + number, passed=passed)
            answer = hooked.post(f"{MOUNT}/{site.SERVER}/{TOKEN}", body)
            assert answer.status_code == 200, answer.text
            while heard:
                monitor.judge(heard.pop())

    return post


def _ways() -> Iterator[tuple[str, Entered]]:
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/house.db"
        site.fill(url, _CIS)
        with Entered() as entered:
            yield from _entered(url, entered)


def _entered(url: str, entered: Entered) -> Iterator[tuple[str, Entered]]:
    config = Config.model_validate(
        {
            "gerrit": [{"name": site.SERVER, "url": site.GERRIT, "webhook_token": TOKEN}],
            "reference": [{"ci": site.REFERENCE}],
            "route": [{"channels": ["console/here"]}],
        }
    )
    store = open_store(url)
    post = _webhook(store, config)
    post(1)
    before = sum(store.read(depth).values())
    entered.watch(lambda: post(2))
    if sum(store.read(depth).values()) == before:
        raise RuntimeError("the comment made no alert")
    yield "webhook → outbox", entered
    answer = Dispatcher(store, config)
    question = Question(
        "status vendor 02", Asker("mika", "mika"), Channel("console", "here"), private=False
    )
    answer(question)
    entered.watch(lambda: answer(question))
    yield "question → answer", entered
    store.close()


def figures() -> Iterator[Figure]:
    """Each figure with its target."""
    lines = sum(code_lines(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
    target = f"< {_TARGET_LINES:,}"
    yield Figure("lines of code", f"{lines:,}", target=target, meets=lines < _TARGET_LINES)
    twice = sorted(name for name, count in class_names().items() if count > 1)
    names = f"{len(twice)} {', '.join(twice)}".strip()
    yield Figure("class names that stand twice", names, target="0", meets=not twice)
    for way, entered in _ways():
        files, functions = len(entered.files), len(entered.functions)
        most_files, most_functions = _WAYS[way]
        yield Figure(
            f"{way}: files, functions entered",
            f"{files}, {functions}",
            target=f"≤ {most_files}, {most_functions}",
            meets=files <= most_files and functions <= most_functions,
        )


if __name__ == "__main__":
    show(figures())
