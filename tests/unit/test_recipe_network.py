"""CONTRIBUTING's recipe for a chat network, followed."""

from __future__ import annotations

from pathlib import Path

from tests.support.recipes import use

NETWORK = '''
"""Post by carrier pigeon: a network in one file."""

from datetime import UTC, datetime
from pathlib import Path

from cibot.chat.findings import right
from cibot.chat.protocol import Asker, Channel, Link, Question
from cibot.config.network import NetworkConfig
from cibot.errors import Permanent


class PigeonConfig(NetworkConfig):
    """``[[pigeon]]``: one loft."""

    section = "pigeon"
    backend = "toypost:Pigeons"
    probe = "toypost:probe"
    account_example = "a pigeon's ring, like R17"
    unidentified = "I do not know you: show your ring."
    first_config = """
# [[pigeon]]
# name = "loft"
"""
    loft: Path
    birds: int = 1

    @classmethod
    def mistakes(cls, entry):
        if entry.get("birds") == 13:
            yield "birds", "thirteen birds do not fly; write another number"

    def warnings(self):
        if self.birds == 1:
            yield "birds", "one bird alone may be lost; write 2 or more"

    def is_account(self, text):
        return text.startswith("R")


class Pigeons:
    """The loft is a file; each card is a line in it."""

    def __init__(self, settings):
        self.network = settings.name
        self._loft = settings.loft
        self._link = Link(False, None, "not started")

    def start(self, answer, leads):
        self.answer = answer
        self._link = Link(True, datetime.now(UTC), "flying")

    def stop(self, timeout):
        self._link = Link(False, None, "stopped")

    def send(self, room, card, *, key):
        if room == "sea":
            raise Permanent("no pigeon lives in the sea")
        with self._loft.open("a") as file:
            file.write(f"{room}: {card.text()}\\n")
        return f"pigeon:{key}"

    def find(self, room, key):
        raise LookupError("a pigeon keeps no copy")

    def link(self):
        return self._link

    def ask(self, ring, text):
        where = Channel(self.network, ring or "roof")
        return self.answer(Question(text, Asker("mika", ring), where, private=True)).text()


def probe(settings, rooms):
    yield right(f"{settings.birds} birds, rooms: {', '.join(rooms)}")
'''

USE_NETWORK = '''
import sys, time
from datetime import UTC, datetime
from pathlib import Path

from cibot.config.networks import KINDS

KINDS.append("toypost:PigeonConfig")  # the one line

from click.testing import CliRunner

from cibot.bootstrap import build
from cibot.cli import main
from cibot.cli.firstconfig import Choices, first_config
from cibot.cli.survey import Survey
from cibot.config.load import read
from cibot.errors import ConfigError
from cibot.model import Channel
from cibot.store import outbox
from cibot.store.outbox import About, MessageKind
from cibot.text.card import card

folder = Path(sys.argv[1])
file = folder / "cibot.toml"
GOOD = f"""
[store]
url = "sqlite:///{folder}/cibot.db"
[web]
listen = "127.0.0.1:0"
[[pigeon]]
name = "loft"
loft = "{folder}/loft.txt"
birds = 3
[[person]]
name = "Mika"
accounts = ["loft:R17"]
admin = true
[[route]]
channels = ["loft/roof"]
"""


def mistakes(text):
    file.write_text(text)
    file.chmod(0o600)
    try:
        return "\\n".join(read(file, {}).warnings)
    except ConfigError as error:
        return str(error)


# configuration: every mistake with its line, names, environment
assert mistakes(GOOD) == "", mistakes(GOOD)
assert "pigeon[0].birds: thirteen birds do not fly" in mistakes(GOOD.replace("= 3", "= 13"))
assert "there is no such key; did you mean `birds`?" in mistakes(GOOD.replace("birds", "bird"))
assert "pigeon[0].birds: one bird alone may be lost" in mistakes(GOOD.replace("= 3", "= 1"))
sections = "no [[irc]] or [[slack]] or [[pigeon]] has the name"
assert sections in mistakes(GOOD.replace("loft/roof", "attic/roof"))
twice = GOOD + '[[irc]]\\nname = "Loft"\\nhost = "irc.example.org"\\n'
assert "names differ by more than case" in mistakes(twice)
mistakes(GOOD)
assert read(file, {"CIBOT_PIGEON__LOFT__BIRDS": "7"}).config.network("loft").birds == 7

# check and init
shown = CliRunner().invoke(main, ["check", "--config", str(file)]).output
assert "✓ pigeon loft: 3 birds, rooms: roof" in shown, shown
assert '# [[pigeon]]\\n# name = "loft"' in first_config(
    Survey("https://review.example.org/", "3.13", 0, 0, (), (), ()), Choices(), webhook_token="t"
)

# the whole bot: questions, identity, private alerts, the outbox
bot = build(read(file, {}).config)
loft = bot.backends["loft"]
bot.start()
try:
    assert "Commands: status" in loft.ask("R17", "help")
    assert loft.ask(None, "watching") == "I do not know you: show your ring."
    assert "a pigeon's ring, like R17" in loft.ask("R17", "watch zuul for Nobody")
    assert "loft" in loft.ask("R17", "feeds")
    bot.store.write(
        lambda tx: outbox.enqueue(
            tx, About(MessageKind.ALERT, "k1"), Channel("loft", "roof"),
            card("netapp fails").to_json(), datetime.now(UTC),
        )
    )
    end = time.monotonic() + 30
    while not (folder / "loft.txt").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert (folder / "loft.txt").read_text() == "roof: netapp fails\\n"
finally:
    bot.stop()
print("all of it works")
'''


def test_a_chat_network_is_one_file_and_one_line(tmp_path: Path) -> None:
    use(tmp_path, toypost=NETWORK, use=USE_NETWORK)
