"""``cibot parse FILE``: what comments of CIs mean, a JSON line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, TextIO

import click
from pydantic import BaseModel, Field, StrictBool, StrictInt, ValidationError

from cibot.collector.formats import parse
from cibot.errors import UserError
from cibot.model import Account, Build, Report, Vote
from cibot.text.cleaning import clean


@click.command("parse")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
def command(file: TextIO) -> None:
    """Say what comments of CIs mean.

    FILE (- for standard input) holds JSON lines: "message" as Gerrit shows it,
    and optionally "account" (its name, or an object of Gerrit's AccountInfo),
    "ci" (true where the account is known to be a CI's), "tag" and "labels"
    ({"Verified": 1} or ["Verified=+1"]). For each line a
    JSON line is written: outcome, pipeline, jobs, format; outcome null where
    the comment is not understood. Wrong lines are named on standard error and
    left out; then the exit code is 1.

    \b
    Example:
      echo '{"message": "Build succeeded.\\n\\n- tox tox : SUCCESS in 5s"}' | cibot parse -
    """
    wrong = 0
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            answer = answer_to(line)
        except UserError as error:
            wrong += 1
            click.echo(clean(f"{file.name}:{number}: {error}"), err=True)
            continue
        click.echo(json.dumps(answer, ensure_ascii=False))
    if wrong:
        sys.exit(1)


class _Who(BaseModel):
    """Gerrit's AccountInfo."""

    number: int | None = Field(None, alias="_account_id")
    username: str | None = None
    name: str | None = None
    email: str | None = None
    tags: tuple[str, ...] = ()


class _Approval(BaseModel):
    """Gerrit's ApprovalInfo."""

    value: int = 0


_Value = Annotated[int, Field(ge=-999, le=999)] | _Approval
_Written = Annotated[str, Field(pattern=r"^[^=]+=\s*[+-]?[0-9]{1,3}\s*(,|$)")]


class _Comment(BaseModel):
    """A line of the input."""

    message: str
    account: StrictInt | str | _Who | None = None
    ci: StrictBool | None = None
    tag: str | None = None
    labels: dict[str, _Value | None] | tuple[_Written, ...] | None = None


_EXPECTED = {
    "": 'not a JSON object; write {"message": "…"} on each line',
    "message": '"message" is missing or no string; it is the comment\'s whole text',
    "account": '"account" must be a name, an id, an object or null',
    "ci": '"ci" must be true, false or null',
    "tag": '"tag" must be a string or null',
    "labels": '"labels" must be {"Verified": 1}, ["Verified=+1"] or null',
}


def answer_to(line: str) -> dict[str, object]:
    """The answer to one JSON line; raises UserError saying what is wrong and how to mend it."""
    return as_json(report_of(line))


def report_of(line: str) -> Report | None:
    """What the comment in one JSON line says; raises UserError as `answer_to` does."""
    try:
        comment = _Comment.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise UserError(
                f"not JSON ({first['ctx']['error']}); write one object a line, like"
                ' {"message": "Build succeeded."}'
            ) from error
        raise UserError(_EXPECTED[str(first["loc"][0]) if first["loc"] else ""]) from error
    return parse(
        comment.message,
        account=_account(comment.account),
        tag=comment.tag,
        votes=_votes(comment.labels),
        ci=bool(comment.ci),
    )


def as_json(report: Report | None) -> dict[str, object]:
    """A report in the words of the command's answer."""
    if report is None:
        return {"outcome": None, "pipeline": None, "jobs": [], "format": None}
    return {
        "outcome": report.outcome.value,
        "pipeline": report.pipeline,
        "jobs": [_job(build) for build in report.builds],
        "format": report.format,
    }


def _job(build: Build) -> dict[str, object]:
    seconds = build.duration_s
    return {
        "name": build.name or None,
        "result": build.result,
        "url": build.url,
        "duration_s": int(seconds) if seconds is not None and seconds.is_integer() else seconds,
        "voting": build.voting,
    }


def _account(who: int | str | _Who | None) -> Account | None:
    if isinstance(who, _Who):
        robot = "SERVICE_USER" in who.tags
        return Account(who.number, who.username, who.name, who.email, service_user=robot)
    if who is None:
        return None
    return Account(gerrit_id=who) if isinstance(who, int) else Account(name=who)


def _votes(labels: Mapping[str, int | _Approval | None] | Sequence[str] | None) -> tuple[Vote, ...]:
    if isinstance(labels, Mapping):
        return tuple(
            Vote(label, vote.value if isinstance(vote, _Approval) else vote)
            for label, vote in labels.items()
        )
    parts = (written.partition("=") for written in labels or ())
    return tuple(Vote(label, int(vote.partition(",")[0])) for label, _equals, vote in parts)
