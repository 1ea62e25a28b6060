"""The text of a first ``config/cibot.toml``. Pure."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cibot.cli.survey import Survey, Writer
from cibot.collector.roster import display_name, free_name
from cibot.config.networks import kinds
from cibot.logs import escaped
from cibot.text.figures import plural

_GENERIC = {"review", "reviews", "gerrit", "gerrit-review", "code", "codereview", "git", "www"}
_MOST_QUIET = 20


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person said on the command line."""

    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    groups: Sequence[str] = ()
    projects: Sequence[str] = ()


def server_name(url: str) -> str:
    """A name for a server, from its host: ``https://review.opendev.org/`` is opendev."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = [re.sub(r"[^a-z0-9-]", "", label).strip("-") for label in host.split(".")]
        useful = [label for label in labels[:-1] or labels if label and label not in _GENERIC]
        if useful and useful[0] != "localhost":
            return useful[0][:63]
    return "gerrit"


def quoted(text: str) -> str:
    """``text`` as a TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def first_config(survey: Survey, choices: Choices, *, webhook_token: str) -> str:
    """A commented configuration with what the look at the server showed."""
    name = server_name(survey.url)
    names = _names(survey.cis, name)
    parts = [
        _head(survey),
        _gerrit(survey, choices, name, webhook_token),
        _cis(survey, names, name),
        _reference(survey, names),
        _networks(),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _names(cis: Sequence[Writer], server: str) -> list[str]:
    taken: list[str] = []
    for ci in cis:
        name = free_name(ci.account, server, taken)
        while name.casefold() in {other.casefold() for other in taken}:
            name = f"{name[:90]} {ci.account.gerrit_id or len(taken)}"
        taken.append(name)
    return taken


def _head(survey: Survey) -> str:
    return f"""
# cibot's configuration, as `cibot init` found things at {survey.url}.
# config/cibot.example.toml explains every key. `cibot check` tries it.

console = true          # answer and alert on the terminal

[store]
url = "sqlite:///var/cibot.db"

[web]
listen = "127.0.0.1:8080"
# public_url = "https://cibot.example.org/"     # how people reach it; links in chat begin so
"""


def _gerrit(survey: Survey, choices: Choices, name: str, token: str) -> str:
    lines = [
        f"# Gerrit {escaped(survey.version)}, {plural(survey.projects, 'project')} can be seen.",
        "[[gerrit]]",
        f"name = {quoted(name)}",
        f"url = {quoted(survey.url + '/')}",
    ]
    if choices.username and choices.password_file:
        lines += [
            f"username = {quoted(choices.username)}",
            f"password_file = {quoted(choices.password_file)}",
        ]
    else:
        lines += [
            '# username = "cibot"                          # reads as anybody without a login',
            '# password_file = "gerrit.password"           # the HTTP password, in its own file',
        ]
    if choices.ca_file:
        lines.append(f"ca_file = {quoted(choices.ca_file)}")
    lines.append('poll_every = "5m"')
    if choices.projects:
        lines.append(f"projects = {_list(choices.projects)}")
    if choices.groups and choices.username:
        lines.append(f"ci_groups = {_list(choices.groups)}")
    else:
        lines.append('# ci_groups = ["Third-Party CI"]                # needs the login')
    lines += [
        "discover = true                                 # take accounts that write like CIs",
        "# Seconds instead of minutes: let Gerrit's webhooks plugin post its events to",
        f"#   PUBLIC_URL/webhooks/gerrit/{name}/WEBHOOK_TOKEN",
        f"webhook_token = {quoted(token)}",
    ]
    return "\n".join(lines)


def _cis(survey: Survey, names: Sequence[str], server: str) -> str:
    head = (
        f"# Of the newest {survey.changes} changes, these accounts' comments read like a CI's.\n"
        "# Give them an owner, a wiki page, their recheck comment; take out what is none."
        if survey.cis
        else "# No account wrote like a CI lately; `discover` takes them as they come. By hand:\n"
        '# [[ci]]\n# name = "Acme CI"\n# accounts = ["acme-ci"]'
    )
    parts = [head]
    for writer, name in zip(survey.cis, names, strict=True):
        account = writer.account.gerrit_id or writer.account.username or writer.account.email
        shown = quoted(account) if isinstance(account, str) else account
        if account is None:
            continue
        parts.append(
            f"# {_evidence(writer)}\n[[ci]]\nname = {quoted(name)}\n"
            f"gerrit = {quoted(server)}\naccounts = [{shown}]{_username(writer)}"
        )
    if survey.service_users:
        quiet = [
            escaped(display_name(service_user))
            for service_user in survey.service_users[:_MOST_QUIET]
        ]
        parts.append(
            "# Gerrit calls these service users, but they wrote no report there:\n"
            + "\n".join(f"#   {name}" for name in quiet)
        )
    return "\n\n".join(parts)


def _username(writer: Writer) -> str:
    if writer.account.gerrit_id and writer.account.username:
        return f"          # {escaped(writer.account.username)}"
    return ""


def _evidence(writer: Writer) -> str:
    if not writer.reports:
        return "a member of the group, without a report lately"
    (family, _), *_ = writer.formats.most_common(1)
    more = ", service user" if writer.account.service_user else ""
    return (
        f"{plural(writer.reports, 'report')} on {plural(len(writer.changes), 'change')}"
        f" of {plural(len(writer.projects), 'project')} ({family}{more})"
    )


def _reference(survey: Survey, names: Sequence[str]) -> str:
    why = "# The CI that the others are measured against: the project's own gate."
    guess = survey.reference
    if guess is None:
        return f'{why}\n# [[reference]]\n# ci = "Zuul"\n# projects = ["*"]'
    name = names[list(survey.cis).index(guess)]
    return (
        f"{why}\n# A guess: it reports on {len(guess.changes)} of {survey.changes} changes.\n"
        f'[[reference]]\nci = {quoted(name)}\nprojects = ["*"]'
    )


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(quoted(word) for word in words) + "]"


def _networks() -> str:
    """Where alerts go: each kind of network as it could be, and the terminal for now."""
    networks = "\n\n".join(kind.first_config.strip() for kind in kinds() if kind.first_config)
    return f"{_NETWORKS}{networks}\n\n{_ROUTES}"


_NETWORKS = """
# Where to tell it. Take the # away and fill in what is yours.
"""

_ROUTES = """
[[route]]
channels = ["console/here"]                       # "libera/#my-project-ci", "work/#ci-alerts"

# [[summary]]
# channel = "libera/#my-project-ci"
# at = "09:00"
# time_zone = "Europe/Berlin"
"""
