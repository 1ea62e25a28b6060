"""``cibot unparsed``: comments of CIs that no format recognised, by shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cibot.cli.common import FILE, config_option, configured_store
from cibot.errors import UserError
from cibot.reports.unparsed import Shape, Unparsed, golden_cases, unparsed
from cibot.text import figures


@click.command("unparsed")
@config_option
@click.argument("name", required=False)
@click.option("--days", type=click.IntRange(1, 3650), default=28, show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option(
    "--export",
    type=FILE,
    metavar="FILE",
    help="Write an example of every shape as a golden test's skeleton (JSON lines).",
)
def command(
    config_path: Path | None, name: str | None, days: int, limit: int, export: Path | None
) -> None:
    """List the comments of CIs that were not understood, by shape.

    A shape is the comment without its numbers, hashes, addresses and names, so
    that what one template wrote is one line. With NAME only that CI's. A remark
    that a person wrote with a CI's account is among them, too.

    \b
    Example:
      cibot unparsed --export new.jsonl
    """
    now = datetime.now(UTC)
    with configured_store(config_path) as store:
        comments = store.read(lambda tx: unparsed(tx, now - timedelta(days=days), name))
    click.echo(_head(comments, days))
    for shape in comments.shapes[:limit]:
        for line in _lines(shape, now):
            click.echo(line)
    if len(comments.shapes) > limit:
        click.echo(f"{figures.plural(len(comments.shapes) - limit, 'more shape')}; see --limit.")
    if export is not None:
        _write(export, comments)
        click.echo(f"Wrote {figures.plural(len(comments.shapes), 'case')} to {export}.")


def _head(unread: Unparsed, days: int) -> str:
    when = figures.plural(days, "day")
    if not unread.total:
        return f"Every comment of a CI in {when} was understood."
    comments = figures.plural(unread.total, "comment")
    shapes = figures.plural(len(unread.shapes), "shape")
    were = "was" if unread.total == 1 else "were"
    said = f"{comments} of CIs in {when} {were} not understood, in {shapes}."
    if unread.partly:
        said += f" Only the newest of {figures.some(unread.partly, 3)} were looked at."
    return said


def _lines(shape: Shape, now: datetime) -> tuple[str, str]:
    example = shape.example
    tail = f",{example.patch_set}" if example.patch_set else ""
    cis = figures.some(shape.cis, 3)
    return (
        f"{shape.count:>6} × {figures.cut(shape.shape, 200) or '(no words)'}",
        f"         {cis}; newest {figures.ago(example.posted_at, now)} on {example.number}{tail}",
    )


def _write(path: Path, comments: Unparsed) -> None:
    lines = [json.dumps(case, ensure_ascii=False) + "\n" for case in golden_cases(comments)]
    try:
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; name another file") from error
