"""The command ``cibot``. A command's module is imported only when it is called."""

from __future__ import annotations

from errno import ENOSPC
from importlib import import_module
from typing import TYPE_CHECKING

import click

from cibot.errors import CibotError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name -> where the command is, and its line in `cibot --help`
COMMANDS: dict[str, tuple[str, str]] = {
    "parse": ("cibot.cli.parse:command", "Say what comments of CIs mean."),
    "rebuild": ("cibot.cli.rebuild:rebuild_command", "Parse and judge everything again."),
    "replay": ("cibot.cli.replay:replay_command", "Replay recorded history and show its alerts."),
    "policy": ("cibot.cli.policy:policy", "Show the thresholds of a CI, and their source."),
    "unparsed": (
        "cibot.cli.unparsed:command",
        "What CIs wrote that no format recognised, by shape.",
    ),
    "slack": ("cibot.cli.slack:slack", "Set up the Slack app."),
    "init": ("cibot.cli.init:init", "Look at a Gerrit and write a first configuration."),
    "run": ("cibot.cli.run:command", "Collect, judge, alert and answer until stopped."),
    "ci": ("cibot.cli.ci:command", "Retire a CI, or say that an account is none."),
    "forget": ("cibot.cli.forget:command", "Take away what a webhook brought since a time."),
    "db": ("cibot.cli.db:command", "Make or upgrade the database's tables."),
    "poll": ("cibot.cli.collect:poll", "Read what moved on Gerrit, once."),
    "backfill": ("cibot.cli.collect:backfill_command", "Read history from Gerrit."),
    "demo": ("cibot.cli.demo:command", "Show the bot at work on a simulated review server."),
    "outbox": ("cibot.cli.outbox:command", "Messages that are not out yet: list, retry, drop."),
    "completion": ("cibot.cli.completion:command", "Completion of commands and CIs for a shell."),
    "audit": ("cibot.cli.audit:command", "Who changed what, newest first."),
    "token": ("cibot.cli.token:command", "Make a token for the API."),
    "check": ("cibot.cli.check:check", "Try every connection and say what is wrong."),
    "chat": ("cibot.cli.chat:command", "Ask the chat's commands on this terminal."),
    "status": ("cibot.cli.ask:status", "How a CI is, or all of them in a line."),
    "list": ("cibot.cli.ask:list", "CIs, worst first."),
    "why": ("cibot.cli.ask:why", "Each signal of a CI, with its evidence."),
    "change": ("cibot.cli.ask:change", "What each CI says of a patch set."),
    "summary": ("cibot.cli.ask:summary", "The daily summary now."),
    "report": ("cibot.cli.ask:report", "Who kept the rules in a period of days."),
    "jobs": ("cibot.cli.ask:jobs", "Each job of a CI."),
    "history": ("cibot.cli.ask:history", "A CI's pass rate per day."),
    "compare": ("cibot.cli.ask:compare", "Two CIs on the patch sets that both judged."),
    "missed": ("cibot.cli.ask:missed", "Patch sets that a CI did not report on."),
    "project": ("cibot.cli.ask:project", "The CIs that report on a project."),
    "incidents": ("cibot.cli.ask:incidents", "Open incidents, or all of a week."),
    "ack": ("cibot.cli.ask:ack", "Say that you look at an incident."),
    "silence": ("cibot.cli.ask:silence", "Mute a CI's alerts for a while."),
    "unsilence": ("cibot.cli.ask:unsilence", "End a silence early."),
    "silences": ("cibot.cli.ask:silences", "Which alerts are muted, and why."),
    "contact": ("cibot.cli.ask:contact", "Show who runs a CI."),
    "recheck": ("cibot.cli.ask:recheck", "How to retrigger a CI."),
    "feeds": ("cibot.cli.ask:feeds", "When each Gerrit was last heard."),
}


_ABOUT_A_NAME = "A CI is asked about by `cibot status NAME`, a change by `cibot change NUMBER`."


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; with the command that a word nearly is, or how a name is asked about."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches  # noqa: PLC0415

            if args[0] in COMMANDS:
                raise
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else _ABOUT_A_NAME
            raise click.UsageError(f"{error.message} {hint}", error.ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options, without importing a command."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=COMMANDS[name][1]) for name in names]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, COMMANDS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        """What cibot raises on purpose is a message for the person, not a traceback."""
        try:
            return super().invoke(ctx)
        except CibotError as error:
            raise _said(str(error)) from error
        except OSError as error:  # a file with a name that is too long, say
            if error.filename is None and error.errno != ENOSPC:
                raise
            place = error.filename or "what is written does not fit"
            raise _said(f"{place}: {error.strerror}") from error


def _said(text: str) -> click.ClickException:
    from cibot.text.cleaning import for_terminal  # noqa: PLC0415

    # A server's own words may be in it, and the terminal would obey an escape.
    return click.ClickException(for_terminal(text))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cibot")
def main() -> None:
    """Reads what CI systems write on Gerrit, judges their health, and tells people."""
