"""What a replay found, as JSON and as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from cibot.config.mistakes import from_pydantic, shown
from cibot.config.models import CiConfig, Config, GerritConfig, ReferenceConfig
from cibot.errors import UserError
from cibot.health.signal import Evidence
from cibot.incidents.incident import Incident, Phase
from cibot.incidents.signal_words import fault_words, said
from cibot.incidents.symptom import Symptom
from cibot.replay.timeline import ReplayedMessage, Timeline
from cibot.store.cis import KnownCi


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
    taken = {account for ci in config.ci for account in ci.accounts}
    twice = [str(account) for account in cis if account in taken]
    if twice:
        raise UserError(f"account {twice[0]} is a CI's in the configuration already")
    names: dict[str, list[int | str]] = {}
    for account, name in cis.items():
        names.setdefault(name, []).append(account)
    added = [_ci(name, accounts) for name, accounts in names.items()]
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


def _ci(name: str, accounts: Iterable[int | str]) -> CiConfig:
    try:
        return CiConfig(name=name, accounts=tuple(accounts))
    except ValidationError as error:
        wrong = "; ".join(mistake.text for mistake in from_pydantic(error))
        raise UserError(f"the CI's name {shown(name)}: {wrong}") from None


def _reference(reference: str, cis: Iterable[CiConfig]) -> tuple[str, list[CiConfig]]:
    """The reference's name, and its CI where it is an account without a configured CI."""
    for ci in cis:
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


def rows(
    timeline: Timeline, cis: Mapping[int, KnownCi], accounts: Mapping[int, int | None]
) -> list[dict[str, Any]]:
    """Every incident that opened, oldest first, as plain JSON values; times in ISO-8601 UTC."""
    opened = [
        (incident, ci_id)
        for ci_id, incidents in timeline.incidents.items()
        for incident in incidents.values()
        if incident.opened_at is not None and incident.phase is not Phase.PENDING
    ]
    opened.sort(key=lambda pair: (pair[0].opened_at or datetime.max.replace(tzinfo=UTC), pair[1]))
    return [_row(incident, cis[ci_id], accounts.get(ci_id)) for incident, ci_id in opened]


def _row(incident: Incident, ci: KnownCi, account: int | None) -> dict[str, Any]:
    return {
        "ci": ci.name,
        "account_id": account,
        "kind": incident.cause.signal,
        "state": incident.phase.value,
        "severity": incident.severity.value,
        "opened_at": _time(incident.opened_at),
        "acknowledged_at": _time(incident.acknowledged_at),
        "resolved_at": _time(incident.resolved_at),
        "since": _time(incident.since),
        "n": incident.cause.n,
        "figure": incident.cause.figure,
        "reopened": incident.reopened,
        "notified": incident.notified is not None and incident.notified.count > 0,
        "messages": incident.notified.count if incident.notified else 0,
        "said": said(incident.cause.seen),
        "evidence": [_evidence(evidence) for evidence in incident.first_evidence],
        "symptoms": [_symptom(symptom) for symptom in incident.symptoms if symptom.came_at],
    }


def _symptom(symptom: Symptom) -> dict[str, Any]:
    return {
        "signal": symptom.signal,
        "severity": symptom.severity.value,
        "since": _time(symptom.since),
        "came_at": _time(symptom.came_at),
        "cleared_at": _time(symptom.cleared_at),
        "n": symptom.n,
        "figure": symptom.figure,
        "said": said(symptom.seen),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "change": evidence.number,
        "patch_set": evidence.patch_set,
        "at": _time(evidence.at),
        "said": fault_words(evidence.fault),
        "job": evidence.job,
        "url": evidence.url,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def lines(said: ReplayedMessage) -> Iterator[str]:
    """A message with its time, as a room would have read it; its text is hostile still."""
    stamp = f"{said.at:%Y-%m-%d %H:%M}  "
    first, *rest = said.card.text().splitlines()
    yield stamp + first
    yield from (" " * len(stamp) + line for line in rest)
