"""``cibot init URL``: looks at a Gerrit and writes a first configuration."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click

from cibot.cli.common import FILE, PLACES
from cibot.cli.firstconfig import Choices, first_config
from cibot.cli.survey import Survey, survey
from cibot.collector.gerrit import Gerrit, RequestRefused
from cibot.config.load import load
from cibot.errors import CibotError, Transient, UserError
from cibot.logs import escaped
from cibot.text.figures import plural

# Where the pages of a Gerrit begin, of the old UI (/#/c/…) and the new, of its REST and Git.
_PAGES = re.compile(
    r"/(?:\d+|\+|c|q|p|x|id|dashboard|admin|settings|profile|login|logout|register|Documentation"
    r"|plugins|changes|projects|accounts|groups|config|tools|static|gitweb)(?:/.*)?$"
)


@click.command()
@click.argument("url")
@click.option("--username", help="Log in as this account; the HTTP password is asked for.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with the account's HTTP password.",
)
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of CI accounts.")
@click.option(
    "--project", "projects", multiple=True, metavar="PATTERN", help="Only these projects."
)
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False), help="A CA bundle.")
@click.option(
    "--changes",
    default=300,
    show_default=True,
    type=click.IntRange(1, 10000),
    help="How many of the newest changes to read.",
)
@click.option(
    "--output", "-o", default=PLACES[0], show_default=True, type=FILE, help="The file to write."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def init(
    url: str,
    username: str | None,
    password_file: Path | None,
    groups: tuple[str, ...],
    projects: tuple[str, ...],
    ca_file: str | None,
    changes: int,
    output: Path,
    force: bool,
) -> None:
    """Look at the Gerrit at URL and write a first configuration.

    Reads the newest changes, finds the accounts that write like CIs, guesses
    the reference CI, and writes it all down with comments.

    \b
    Example:
      cibot init https://review.opendev.org --project 'openstack/*'
    """
    if output.exists() and not force:
        raise UserError(
            f"{output} is there already; --force overwrites it, --output writes another"
        )
    password = _password(username, password_file)
    gerrit = _open(url, username, password, ca_file)
    try:
        seen = _look(gerrit, projects, groups, changes)
    finally:
        gerrit.close()
    password_path = _password_path(output, username, password, password_file)
    choices = Choices(
        username, password_path, ca_file and str(Path(ca_file).absolute()), groups, projects
    )
    text = first_config(seen, choices, webhook_token=secrets.token_hex(24))
    _write(output, text, check=lambda draft: load(draft, {}))
    _conclude(seen, output)


_ADDRESS = re.compile(r"[a-z+]+://[^\s\"'<>]+|[\w.-]+@(?P<host>[\w.-]+)(?=:|\s|$)", re.IGNORECASE)
"""An address in what was copied, maybe a whole command: also as ``scp`` has it, USER@HOST:PATH."""


def _roots(url: str) -> list[str]:
    """Where the server may have its root, likeliest first.

    The address of a clone (``…/a/PROJECT``) does not tell where the root ends and
    the project begins, so that each shorter path may be it.
    """
    address = _ADDRESS.search(url)
    url = (address["host"] or address[0]) if address else url.strip()
    try:
        split = urlsplit(url if "://" in url else f"https://{url}")
    except ValueError as error:
        raise UserError(f"{url[:100]!r} is no address ({error}); as in https://HOST") from None
    secure = split.scheme not in ("http", "https")  # ssh: and git: tell the host only
    host = (split.hostname or "") if secure else split.netloc.rpartition("@")[2]
    scheme = "https" if secure else split.scheme
    path = "" if secure else split.path
    page = _PAGES.search(path)
    if page:
        path = path[: page.start()]
    root, clone, _ = path.partition("/a/")
    path = root if clone else path.removesuffix("/a").rstrip("/")
    paths = [path]
    while path := path.rpartition("/")[0]:
        paths.append(path)
    return [f"{scheme}://{host}{path}" for path in dict.fromkeys([*paths, ""])]


def _password(username: str | None, file: Path | None) -> str | None:
    if username is None:
        return None
    if file is not None:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    answer: str = click.prompt(f"HTTP password of {username}", hide_input=True)
    return answer


def _password_path(
    output: Path, username: str | None, password: str | None, file: Path | None
) -> str | None:
    """The path of the password's file as the configuration names it; writes one if need be."""
    if username is None or password is None:
        return None
    if file is not None:
        return str(file.absolute())
    password_path = output.with_name("gerrit.password")
    _write(password_path, password + "\n")
    return password_path.name


def _open(url: str, username: str | None, password: str | None, ca_file: str | None) -> Gerrit:
    """The Gerrit at the first address that the URL may mean and that answers.

    Raises the error of the likeliest address when none answers.
    """
    first: CibotError | None = None
    for root in _roots(url):
        gerrit = Gerrit(
            root, username=username, password=password, verify=ca_file or True, retries=1
        )
        try:
            gerrit.version()
        except RequestRefused:  # here is a Gerrit: it wants another login
            gerrit.close()
            raise
        except CibotError as error:
            gerrit.close()
            first = first or error
            if isinstance(error, Transient):
                break
        else:
            return gerrit
    assert first is not None
    raise first


def _look(gerrit: Gerrit, projects: tuple[str, ...], groups: tuple[str, ...], most: int) -> Survey:
    with click.progressbar(length=most, label="Reading changes", file=sys.stderr) as bar:
        return survey(
            gerrit,
            projects=projects,
            groups=groups,
            most_changes=most,
            now=datetime.now(UTC),
            progress=lambda _count: bar.update(1),
        )


def _write(path: Path, text: str, check: Callable[[Path], object] = lambda _draft: None) -> None:
    """Puts the text in place whole, if ``check`` lets it, for its owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    check(draft)
    draft.replace(path)


def _conclude(seen: Survey, output: Path) -> None:
    for missed in seen.missed:
        click.echo(f"! {escaped(missed)}", err=True)
    guess = seen.reference
    reference = f"{guess.name} looks like the reference CI." if guess else "no reference CI yet."
    since = (datetime.now(UTC) - timedelta(days=28)).date()
    click.echo(
        f"Wrote {output}: Gerrit {escaped(seen.version)}, {plural(seen.projects, 'project')}, "
        f"{plural(len(seen.cis), 'CI')} in {plural(seen.changes, 'change')}; {reference}"
    )
    click.echo(
        "Next:\n"
        "  1. Look through it: names, owners, the reference CI; your IRC or Slack channel.\n"
        "  2. cibot check                         tries every connection\n"
        f"  3. cibot backfill --since {since}   reads the last four weeks\n"
        "  4. cibot run"
    )
