"""``cibot status``, ``cibot list`` …: the chat's questions, asked of a server or a database.

What the shell completes after a command is never an error, and never slow.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import click
from click.shell_completion import CompletionItem

from cibot.chat.typed import split
from cibot.cli.connect import SourceOptions, connect, source_options, take_source_options
from cibot.cli.questions import QUESTIONS
from cibot.cli.questions.question import Asked, ShellQuestion
from cibot.cli.watch import EVERY, Form, print_answer, watch
from cibot.client.source import Source, all_cis
from cibot.errors import CibotError
from cibot.model import State
from cibot.web.api.general import ProjectList

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete(what: str) -> Complete | None:
    """The completion of ``what``: "ci", "project", "state", or None for nothing."""
    if what == "state":
        return lambda _ctx, _parameter, begun: _fitting([state.value for state in State], begun)
    names = _NAMES.get(what)
    if names is None:
        return None

    def completions(
        ctx: click.Context, _parameter: click.Parameter, begun: str
    ) -> list[CompletionItem]:
        try:
            with closing(
                connect(take_source_options(dict(ctx.params)), timeout=_PATIENCE)
            ) as source:
                return _fitting(names(source), begun)
        except CibotError:
            return []  # Tab completion offers names or nothing, never an error

    return completions


_PATIENCE = (1.0, 2.0)  # seconds to connect, to answer


def _fitting(names: list[str], begun: str) -> list[CompletionItem]:
    start = begun.casefold()
    return [CompletionItem(name) for name in names if name.casefold().startswith(start)]


_NAMES: dict[str, Callable[[Source], list[Any]]] = {
    "ci": lambda source: [ci.name for ci in all_cis(source, sort="name").items],
    "project": lambda source: [
        project.name for project in source.ask(ProjectList, "/projects").items
    ],
}


def make(question: ShellQuestion) -> click.Command:
    """The click command of a question."""
    own = question.options

    def asked(words: tuple[str, ...], **given: Any) -> None:
        options = {str(option.name): given.pop(str(option.name)) for option in own}
        branch = options.pop("branch", None)
        typed = ["branch", branch] if branch else []
        typed += [word for typed_word in words for word in _words(typed_word)]
        chosen = take_source_options(given)
        run(question, chosen, Asked(tuple(typed), options), Form(**given))

    command = question.command
    arguments = command.usage.partition(" ")[2]
    made = click.Command(
        command.name,
        callback=asked,
        help=help_text(question),
        short_help=command.does,
        params=[
            click.Argument(
                ["words"],
                nargs=-1,
                required=bool(arguments) and not arguments.startswith("["),
                metavar=arguments or "",
                shell_complete=complete(question.completes),
            ),
            *own,
            *_form_options(question),
        ],
    )
    return source_options(made)


def _form_options(question: ShellQuestion) -> list[click.Option]:
    options = [click.Option(["--json"], is_flag=True, help="As the JSON API has it.")]
    if question.csv:
        options.append(click.Option(["--csv"], is_flag=True, help="The table as CSV."))
    if question.codes:
        text = f"End with a code that says how it is: {question.codes}."
        options.append(click.Option(["--exit-code"], is_flag=True, help=text))
    if not question.command.writes:
        options += [
            click.Option(["--watch"], is_flag=True, help="Ask again and again until Ctrl-C."),
            click.Option(
                ["--every"],
                type=click.FloatRange(1, 86400),
                default=EVERY,
                show_default=True,
                metavar="SECONDS",
                help="How often --watch asks.",
            ),
        ]
    return options


def help_text(question: ShellQuestion) -> str:
    """What ``cibot NAME --help`` says."""
    command = question.command
    more = f" {command.more}" if command.more else ""
    head = command.does[:1].upper() + command.does[1:]
    examples = "\n".join(
        f"  {example}" for example in (f"cibot {command.example}", *question.examples)
    )
    return f"{head}.{more}\n\n\b\nExamples:\n{examples}\n"


def run(question: ShellQuestion, chosen: SourceOptions, asked: Asked, form: Form) -> None:
    """Asks and prints; ends the process with a code where that was asked for.

    Raises ConfigError, and what the source raises.
    """
    if form.json and form.csv:
        raise click.UsageError("--json and --csv are two forms; give one of them")
    if form.watch and form.exit_code:
        raise click.UsageError("--exit-code is about one answer; --watch never ends by itself")
    with closing(connect(chosen)) as source:
        if form.watch:
            title = f"{question.command.name} {asked.text}".strip()
            watch(lambda: question.ask(source, asked), source, form, title)
            return
        answer = question.ask(source, asked)
        print_answer(answer, source, form)
    if form.exit_code and answer.code:
        raise click.exceptions.Exit(answer.code)


def _words(argument: str) -> tuple[str, ...]:
    """An argument that the shell kept together stays together."""
    words = split(f'"{argument}"') if '"' not in argument else split(argument)
    return words or (argument,)


def __getattr__(name: str) -> click.Command:
    """Each command by its name, for the lazy group."""
    if name in QUESTIONS:
        return make(QUESTIONS[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
