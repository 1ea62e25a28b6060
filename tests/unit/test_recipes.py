"""CONTRIBUTING's recipes, followed: toys in a package of their own are added and used."""

from __future__ import annotations

from pathlib import Path

import pytest

from cibot.chat.commands import MODULES, commands_in
from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.store.engine import open_store
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, make_tables
from tests.support.recipes import ROOT, use
from tests.transcripts.table import with_table

SIGNAL = '''
"""Lonely jobs: reports that have one job only."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from cibot.config.policy import Thresholds
from cibot.config.values import Count
from cibot.health.inputs import RunEnded
from cibot.health.kind import Reading, SignalKind
from cibot.health.signal import Family
from cibot.health.state import state
from cibot.model import State


class LonelyPolicy(Thresholds):
    """``[judgement.lonely]``."""

    most: Annotated[Count, Field(description="Reports of one job in a row, at most")] = 2


@dataclass(frozen=True)
class Row:
    lonely: int
    most: int


class Lonely(SignalKind):
    """Counts reports of one job."""

    name = "lonely"
    about = "A report of one job says little."
    thresholds = LonelyPolicy
    takes = (RunEnded,)
    seen = Row
    family = Family.PRESENCE

    STATE = state(_lonely=int)

    def __init__(self, thresholds):
        self._most, self._lonely = thresholds.most, 0

    def take(self, ran):
        self._lonely = self._lonely + 1 if len(ran.runs) == 1 else 0

    def standing(self, now, ending):
        bad = self._lonely > self._most
        return Reading(State.DEGRADED if bad else State.HEALTHY, not bad)

    def figures(self, now, reading):
        return {"n": self._lonely, "seen": self.own(Row(self._lonely, self._most))}

    @classmethod
    def words(cls, seen):
        return (f"{seen.lonely} reports of one job in a row",)

    @classmethod
    def threshold(cls, seen):
        return f"degraded after more than {seen.most}"
'''

USE_SIGNAL = """
import sys
from pathlib import Path

from cibot.config.signals import SIGNALS

SIGNALS.append("toysignal:Lonely")  # the one line

from click.testing import CliRunner

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.cli import main
from cibot.config.judgement import Judgement, Policy
from cibot.config.load import read
from cibot.config.models import Config
from cibot.errors import ConfigError
from cibot.reports.context import Context
from cibot.reports.status import why
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from cibot.web.api.plain import plain
from cibot.web.pages.judging import judging
from tests.support.scenario import CONFIG, Scenario

folder = Path(sys.argv[1])
file = folder / "cibot.toml"
START = f"[store]\\nurl = \'sqlite:///{folder}/cibot.db\'\\n"


def configured(text):
    file.write_text(START + text)
    file.chmod(0o600)
    try:
        return read(file, {}).config
    except ConfigError as error:
        return str(error)


# configuration: the section, its mistakes, the environment, overrides, routes
assert configured("[judgement.lonely]\\nmost = 7").judgement.default.lonely.most == 7
assert "did you mean `most`?" in configured("[judgement.lonely]\\nmots = 7")
configured("")
environment = {"CIBOT_JUDGEMENT__LONELY__MOST": "9"}
assert read(file, environment).config.judgement.lonely.most == 9
own = Judgement.model_validate({"override": [{"cis": ["A*"], "lonely": {"most": 5}}]})
assert own.policy_of("Acme", None, None).lonely.most == 5
assert Config.model_validate({"route": [{"channels": ["n/#r"], "kinds": ["lonely"]}]})

# judged from comments, told, asked for, shown
store = open_store(f"sqlite:///{folder}/cibot.db")
upgrade(store)
scenario = Scenario(store)
one = "Patch Set 1: Verified+1\\n\\nBuild succeeded.\\n\\n- a http://l/a : SUCCESS in 3m"
both = one + "\\n- b http://l/b : SUCCESS in 3m"
for _ in range(30):
    scenario.change(acme=both)
assert scenario.judge().value == "healthy"
for _ in range(5):
    scenario.change(acme=one)
    scenario.judge()
scenario.restart()  # the state of a signal is stored
assert scenario.judge().value == "degraded"
(alert,) = [text for text in scenario.alerts() if "one job" in text]
assert "3 reports of one job in a row" in alert, alert
question = Question("why acme", Asker("mika", "mika"), Channel("net", "#ops"), private=False)
answer = Dispatcher(store, CONFIG, lambda: scenario.now)(question).text()
assert "lonely: 5 reports of one job in a row; degraded after more than 2" in answer, answer
found = store.read(lambda tx: why(tx, Context(scenario.now, CONFIG), "acme"))
shown = plain(next(signal for signal in found.signals if signal.name == "lonely"))
assert (shown["verdict"], shown["n"]) == ("degraded", 5)
assert shown["said"] == "5 reports of one job in a row"
rules = {rules.name: rules for rules in judging(Policy())}
assert [(rule.about, rule.value) for rule in rules["lonely"].rules] == [
    ("Reports of one job in a row, at most", "2")
]
explained = CliRunner().invoke(main, ["policy", "explain", "acme", "--config", str(file)]).output
assert "[judgement.lonely]" in explained and "most            2  (default)" in explained, explained
for _ in range(3):
    scenario.change(acme=both)
    scenario.judge()
assert scenario.alerts()[-1].startswith("● healthy — Acme recovered"), scenario.alerts()
store.close()
print("all of it works")
"""


def test_a_signal_is_one_file_and_one_line(tmp_path: Path) -> None:
    use(tmp_path, toysignal=SIGNAL, use=USE_SIGNAL)


FORMAT = '''
"""Smoke signals: one puff a job, `O` passed and `~` failed."""

from cibot.collector.formats.conclude import conclude
from cibot.model import Build, Report

NAME = "smoke"
PLAIN_TO_SEE = (NAME,)
_RESULTS = {"O": "SUCCESS", "~": "FAILURE"}


def read(comment):
    if not comment.body.startswith("Smoke seen:"):
        return None
    puffs = [line.split() for line in comment.body.splitlines()[1:] if line]
    builds = [Build(job, _RESULTS[puff], None) for puff, job in puffs]
    outcome = conclude(comment, None, builds)
    return Report(outcome, NAME, builds=tuple(builds)) if outcome else None
'''

USE_FORMAT = """
import json

from cibot.collector.formats import FAMILIES

FAMILIES.insert(0, "toyformat")  # the one line

from click.testing import CliRunner

from cibot.cli import main
from cibot.collector.formats import looks_like_ci, parse, plain_to_see

TEXT = "Patch Set 1: Verified-1\\n\\nSmoke seen:\\nO unit\\n~ iscsi"
report = parse(TEXT)
assert (report.format, report.outcome.value) == ("smoke", "failure"), report
assert [(build.name, build.result) for build in report.builds] == [
    ("unit", "SUCCESS"), ("iscsi", "FAILURE")
]
assert looks_like_ci(report) and "smoke" in plain_to_see()
zuuls = parse("Patch Set 1: Verified+1\\n\\nBuild succeeded.\\n\\n- a http://l/a : SUCCESS")
assert zuuls.format == "zuul"
shown = CliRunner().invoke(main, ["parse", "-"], input=json.dumps({"message": TEXT})).output
assert json.loads(shown)["outcome"] == "failure", shown
print("all of it works")
"""


def test_a_comment_format_is_one_file_and_one_line(tmp_path: Path) -> None:
    use(tmp_path, toyformat=FORMAT, use=USE_FORMAT)


COMMAND = '''
"""`tally`: how many CIs there are."""

from cibot.chat.command import Command
from cibot.store.cis import all_cis
from cibot.text.card import card

COMMAND = Command(
    usage="tally [WHAT|all]",
    does="how many CIs there are",
    example="tally all",
    answer=lambda ask: card(f"{len(all_cis(ask.tx))} CIs"),
    aliases=("count",),
    before=("status",),
)
'''


def test_a_command_is_one_file_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toytally.py").write_text(COMMAND, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    commands = commands_in((*MODULES, "toytally"))  # the one line
    store = make_tables(open_store(f"sqlite:///{tmp_path}/cibot.db"))
    canned(store)
    answer = Dispatcher(store, CONFIG, lambda: NOW, commands=commands)

    def ask(text: str) -> str:
        reply = answer(Question(text, Asker("mika", "mika"), Channel("irc", "#ci"), private=False))
        assert reply is not None
        return reply.text()

    try:
        assert ask("tally") == ask("count") == ask("tally all") == "6 CIs"
        assert "tally" in ask("help")
        assert ask("help tally").splitlines() == [
            "tally [WHAT|all] – How many CIs there are.",
            "Example: tally all",
        ]
        assert ask("taly") == "6 CIs"
    finally:
        store.close()
    row = "| `tally [WHAT\\|all]` | how many CIs there are | `tally all` |"
    assert row in with_table((ROOT / "docs/commands.md").read_text("utf-8"), commands.values())
