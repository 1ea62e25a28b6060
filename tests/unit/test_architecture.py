"""The rules of the house, held by machine: layers, purity, sizes, quiet imports."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "cibot").rglob("*.py"))

# What each part may import of cibot, beside itself. A longer name wins.
BASE = {"cibot", "cibot.model", "cibot.errors"}
TEXT = BASE | {"cibot.text"}
CONFIG = TEXT | {"cibot.config"}
HEALTH = CONFIG | {"cibot.health"}
INCIDENTS = HEALTH | {"cibot.incidents"}
STORE = BASE | {"cibot.store"}
COLLECT = CONFIG | STORE | {"cibot.collector"}
# An alert says of a trouble's beginning what the faces say of it, in their words.
BEGINNING = {"cibot.reports.context", "cibot.reports.onset", "cibot.reports.wording"}
JUDGE = INCIDENTS | COLLECT | {"cibot.judging"} | BEGINNING
REPORTS = CONFIG | STORE | INCIDENTS | {"cibot.reports"} | BEGINNING
ACTIONS = REPORTS | {"cibot.actions", "cibot.judging.audience"}
CHAT = ACTIONS | {"cibot.chat", "cibot.chat.SETTINGS"}
OUTBOX = CHAT | {"cibot.outbox"}
WEB = CHAT | {"cibot.web", "cibot.daemon.app", "cibot.logs", "cibot.collector.sink"}
ALL = {f"cibot.{path.stem}" for path in (ROOT / "cibot").iterdir()} | {
    "cibot",
    "cibot.collector.sink",
    "cibot.daemon.app",
    "cibot.daemon.leader",
    "cibot.daemon.scheduler",
    "cibot.daemon.memory_settings",
    "cibot.judging.audience",
    "cibot.chat.SETTINGS",
    "cibot.web.server",
    *BEGINNING,
}

LAYERS: dict[str, set[str]] = {
    "cibot": set(),
    "cibot.model": set(),
    "cibot.errors": set(),
    "cibot.logs": set(),
    "cibot.text": TEXT,
    "cibot.config": CONFIG | {"cibot.health", "cibot.store"},
    "cibot.health": HEALTH,
    "cibot.incidents": INCIDENTS,
    "cibot.store": STORE,
    "cibot.collector": COLLECT | {"cibot.collector.sink"},
    "cibot.collector.sink": BASE,
    "cibot.judging": JUDGE | {"cibot.judging.audience"},
    "cibot.judging.audience": CONFIG | STORE | INCIDENTS,
    "cibot.replay": JUDGE | {"cibot.replay"},
    "cibot.reports": REPORTS,
    **dict.fromkeys(BEGINNING, REPORTS),
    "cibot.actions": ACTIONS,
    "cibot.chat": CHAT,
    # The settings of each network, which the configuration's table of networks names.
    "cibot.chat.SETTINGS": CONFIG,
    "cibot.outbox": OUTBOX,
    "cibot.webhooks": COLLECT | {"cibot.collector.sink", "cibot.web.server"},
    "cibot.webhooks.slack": {"cibot.chat"},
    "cibot.web": WEB,
    "cibot.web.server": BASE,
    "cibot.client": WEB | {"cibot.collector"},
    "cibot.daemon": OUTBOX
    | {"cibot.daemon.leader", "cibot.daemon.scheduler", "cibot.daemon.app", "cibot.web.server"},
    "cibot.daemon.app": BASE,
    "cibot.daemon.leader": STORE,
    "cibot.daemon.scheduler": BASE,
    "cibot.daemon.memory_settings": set(),
    "cibot.demo": ALL,
    "cibot.bootstrap": ALL - {"cibot.cli", "cibot.client", "cibot.demo"},
    "cibot.cli": ALL,
    "cibot.__main__": {"cibot.cli"},
}

PURE_PARTS = (
    "cibot.model",
    "cibot.errors",
    "cibot.text",
    "cibot.health",
    "cibot.incidents",
    "cibot.collector.formats",
    "cibot.collector.decode",
    "cibot.collector.fields",
    "cibot.collector.header",
    "cibot.collector.match",
    "cibot.collector.results",
    "cibot.reports.change_address",
    "cibot.reports.charts",
    "cibot.reports.names",
    "cibot.reports.signals",
    "cibot.reports.lists",
    "cibot.reports.wording",
    "cibot.actions.roles",
    "cibot.chat.typed",
    "cibot.cli.view",
    "cibot.web.charts",
    "cibot.web.api.plain",
)
IMPURE = {"flask", "sqlalchemy", "requests", "slack_sdk", "irc", "socket", "threading", "time"}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic"}

# Imported when they are needed: they are slow or heavy, and most commands do without.
LATE = {"cibot.cli", "cibot.demo"}
# A quarter of a start: alembic where nothing is to be migrated, a network that nobody has; a
# drawing library that most do without; MariaDB's driver.
LATE_MODULES = {
    "cibot.bootstrap",
    "cibot.reports.charts",
    "cibot.store.engine",
    "cibot.store.migrate",
}

# Names that say nothing of what they hold.
VAGUE = {"one", "it", "found", "told", "kept", "known"}
# Classes whose fields are keys of stored or documented JSON, which keep their names.
IN_JSON = {
    "BranchBeside", "CiPeriod", "Criterion", "Promise", "SeenCoverage", "SeenJobs", "Streak",
}  # fmt: skip


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path) for path in SOURCES}


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module, node.lineno


def layer(name: str) -> str:
    if re.fullmatch(r"cibot\.chat\.\w+\.settings", name):
        return "cibot.chat.SETTINGS"
    nearest = max((part for part in LAYERS if within(name, part)), key=len)
    assert nearest != "cibot" or name == "cibot", (
        f"{name} is in no layer: say in LAYERS where it is"
    )
    return nearest


def names_given(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names of variables, parameters, attributes and functions."""
    fields = {
        id(part.target if isinstance(part, ast.AnnAssign) else part)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in IN_JSON
        for part in node.body
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name):
                if id(node) not in fields:
                    yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield name, node.lineno
            case ast.MatchAs(name=str(name)) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno


def names_in(*nodes: ast.AST) -> set[str]:
    """What code mentions, and "raise" where it raises."""
    names = set()
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                names.add(name)
            case ast.Raise():
                names.add("raise")
    return names


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def test_imports_follow_the_layers(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        mine = layer(name_of(path))
        for imported, line in imports(tree):
            if not within(imported, "cibot"):
                continue
            target = layer(imported)
            if target != mine and target not in LAYERS[mine]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {imported}")
    assert wrong == []


def test_only_the_store_speaks_sql(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, tree in trees.items()
        for imported, line in imports(tree)
        if within(imported, "sqlalchemy") and not within(name_of(path), "cibot.store")
    ]
    assert wrong == []


def test_pure_modules_know_no_io_and_no_clock(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        if not any(within(name_of(path), part) for part in PURE_PARTS):
            continue
        wrong += [
            f"{path.relative_to(ROOT)}:{line} imports {imported}"
            for imported, line in imports(tree)
            if imported.split(".")[0] in IMPURE
        ]
        wrong += [
            f"{path.relative_to(ROOT)}:{node.lineno} asks the time"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCKS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"datetime", "date", "time"}
        ]
    assert wrong == []


def test_no_import_hides_in_a_function(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees.items()
        if layer(name_of(path)) not in LATE and name_of(path) not in LATE_MODULES
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


def test_there_is_no_cycle(trees: dict[Path, ast.Module]) -> None:
    graph = {
        name_of(path): {imported for imported, _ in imports(tree) if imported in MODULES}
        - {name_of(path)}
        for path, tree in trees.items()
    }
    while True:
        free = {name for name, needs in graph.items() if not needs & graph.keys()}
        if not free:
            break
        graph = {name: needs for name, needs in graph.items() if name not in free}
    assert not graph, f"these import each other: {sorted(graph)}"


def test_no_class_name_stands_twice(trees: dict[Path, ast.Module]) -> None:
    names = Counter(
        node.name
        for path in SOURCES
        for node in ast.walk(trees[path])
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_files_and_functions_stay_small(trees: dict[Path, ast.Module]) -> None:
    others = (path for part in ("tests", "bench") for path in (ROOT / part).rglob("*.py"))
    # A migration is as long as its tables.
    files = [path for path in (*SOURCES, *others) if "versions" not in path.parts]
    wrong = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in files
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 400
    ]
    wrong += [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} is too long"
        for path in files
        for node in ast.walk(trees.get(path, ast.Module([], [])))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > 45
    ]
    assert wrong == []


def test_who_catches_everything_says_why_and_hides_nothing(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or names_in(node.type) & {"Exception", "BaseException"})
        and not ({"raise", "exception", "exc_info", node.name} & names_in(*node.body))
    ]
    assert wrong == []
    silent = re.compile(r"^\s*except( (Base)?Exception( as \w+)?)?: *(#.{,20})?$", re.MULTILINE)
    assert [path.name for path in SOURCES if silent.search(path.read_text("utf-8"))] == []


def test_names_say_what_they_stand_for() -> None:
    files = (path for part in ("cibot", "bench", "tests") for path in (ROOT / part).rglob("*.py"))
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted(files)
        for name, line in names_given(ast.parse(path.read_text(encoding="utf-8")))
        if name.strip("_") in VAGUE
    ]
    assert wrong == []


def test_the_unit_tests_mirror_the_package() -> None:
    """A package has its folder there; one inside another may have a file in the other's."""
    unit = ROOT / "tests/unit"
    wrong = []
    for path in sorted(path.parent for path in (ROOT / "cibot").rglob("__init__.py")):
        parts = path.relative_to(ROOT / "cibot").parts
        if not parts or "migrations" in parts:  # tests/contract/ runs those, on each database
            continue
        folder = unit.joinpath(*parts)
        file = folder.with_name(f"test_{path.name}.py") if len(parts) > 1 else None
        if not any(folder.glob("test_*.py")) and not (file and file.exists()):
            wrong.append(
                f"{path.relative_to(ROOT)} has no unit tests in {folder.relative_to(ROOT)}"
            )
    assert wrong == []


def test_importing_everything_opens_nothing() -> None:
    names = [name_of(path) for path in SOURCES if "migrations" not in path.parts]
    names = [name for name in names if not name.endswith("__main__")]
    script = f"""
import sys, threading
def watch(event, args):
    if event in ("socket.connect", "sqlite3.connect", "subprocess.Popen"):
        raise SystemExit(f"importing opened something: {{event}} {{args}}")
sys.addaudithook(watch)
for name in {names!r}:
    __import__(name)
sys.exit("a thread was started" if threading.active_count() > 1 else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
