"""``cibot parse FILE``: what comments of CIs mean, a JSON line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TextIO

import click

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


def answer_to(line: str) -> dict[str, object]:
    """The answer to one JSON line; raises UserError saying what is wrong and how to mend it."""
    return as_json(report_of(line))


def report_of(line: str) -> Report | None:
    """What the comment in one JSON line says; raises UserError as `answer_to` does."""
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise UserError(
            f'not JSON ({error}); write one object a line, like {{"message": "Build succeeded."}}'
        ) from error
    except RecursionError as error:
        raise UserError("nested too deeply; write one flat object a line") from error
    if not isinstance(raw, Mapping):
        raise UserError('not a JSON object; write {"message": "…"} on each line')
    message = raw.get("message")
    if not isinstance(message, str):
        raise UserError('"message" is missing or no string; it is the comment\'s whole text')
    tag = raw.get("tag")
    if tag is not None and not isinstance(tag, str):
        raise UserError('"tag" must be a string or null')
    is_ci = raw.get("ci")
    if is_ci is not None and not isinstance(is_ci, bool):
        raise UserError('"ci" must be true, false or null')
    account = _account(raw.get("account"))
    votes = _votes(raw.get("labels"))
    return parse(message, account=account, tag=tag, votes=votes, ci=bool(is_ci))


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


def _account(raw: object) -> Account | None:
    if raw is None:
        return None
    if isinstance(raw, bool):
        raise UserError('"account" must be a name, an id, an object or null')
    if isinstance(raw, int):
        return Account(gerrit_id=raw)
    if isinstance(raw, str):
        return Account(name=raw)
    if not isinstance(raw, Mapping):
        raise UserError('"account" must be a name, an id, an object or null')
    number = raw.get("_account_id")
    tags = raw.get("tags")
    return Account(
        gerrit_id=number if isinstance(number, int) else None,
        username=_text(raw.get("username")),
        name=_text(raw.get("name")),
        email=_text(raw.get("email")),
        service_user=isinstance(tags, list) and "SERVICE_USER" in tags,
    )


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw else None


def _votes(raw: object) -> tuple[Vote, ...]:
    if raw is None:
        return ()
    if isinstance(raw, Mapping):
        return tuple(Vote(str(label), _value(label, value)) for label, value in raw.items())
    if not isinstance(raw, list):
        raise UserError('"labels" must be {"Verified": 1}, ["Verified=+1"] or null')
    votes = []
    for vote in raw:
        label, sign, value = str(vote).partition("=")
        if not sign or not label:
            raise UserError(f'"labels": {str(vote)[:40]!r} is not like "Verified=+1"')
        votes.append(Vote(label, _value(label, value.partition(",")[0])))
    return tuple(votes)


def _value(label: object, raw: object) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, Mapping):
        raw = raw.get("value", 0)
    text = str(raw).strip()
    if not text.lstrip("+-").isdigit() or len(text) > 4 or not text.isascii():
        raise UserError(f'"labels": the value of {str(label)[:40]!r} must be a number like -1')
    try:
        return int(text)
    except ValueError as error:
        raise UserError(f'"labels": {text!r} is no number') from error
