"""Who is a CI in a recorded history, and which is the reference, as the command line says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cibot.config.models import CiConfig, Config, GerritConfig, ReferenceConfig
from cibot.errors import UserError


def configured(
    config: Config,
    servers: Iterable[str],
    cis: Mapping[int | str, str],
    reference: str | None,
    discover: bool,
) -> Config:
    """The configuration with these servers, CIs and reference in it.

    ``cis`` are names by account; ``reference`` is an account id or a CI's name.
    Raises UserError where an account is named twice or a name is none.
    """
    known = {account for ci in config.ci for account in ci.accounts}
    twice = [str(account) for account in cis if account in known]
    if twice:
        raise UserError(f"account {twice[0]} is a CI's in the configuration already")
    names: dict[str, list[int | str]] = {}
    for account, name in cis.items():
        names.setdefault(name, []).append(account)
    added = [CiConfig(name=name, accounts=tuple(found)) for name, found in names.items()]
    references = config.reference
    if reference is not None:
        name, more = _reference(reference, [*config.ci, *added])
        added += more
        references = (ReferenceConfig(ci=name),)
    return config.model_copy(
        update={
            "gerrit": tuple(_server(config, server, discover) for server in servers),
            "ci": (*config.ci, *added),
            "reference": references,
        }
    )


def _reference(reference: str, known: Iterable[CiConfig]) -> tuple[str, list[CiConfig]]:
    """The reference's name, and the CI where an account that nobody named is meant."""
    for ci in known:
        names = {str(account) for account in ci.accounts}
        if reference == ci.name or reference in names:
            return ci.name, []
    if reference.isdigit():
        name = f"account-{reference}"
        return name, [CiConfig(name=name, accounts=(int(reference),))]
    return reference, []


def _server(config: Config, name: str, discover: bool) -> GerritConfig:
    for gerrit in config.gerrit:
        if name in (gerrit.name, gerrit.url.host):
            return gerrit.model_copy(update={"name": name, "discover": discover})
    safe = "".join(char if char.isalnum() or char in ".-" else "-" for char in name)
    return GerritConfig.model_validate(
        {"name": safe, "url": f"https://{safe.strip('-.') or 'replayed'}", "discover": discover}
    ).model_copy(update={"name": name})
