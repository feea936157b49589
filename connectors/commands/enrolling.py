"""``connector enrol``, ``renew``, ``status``, ``grants``."""

import sys
from pathlib import Path

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json
from certs.encoding import rfc3339
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.enrolment import MAX_INVITATION, enrol, read_invitation, renew
from connectors.errors import InvitationBroken

DAY = 86_400_000


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)

    @group.command("enrol", cls=kind, help=texts("enrol.help"))
    @click.argument(
        "file", metavar=texts("enrol.file"), type=click.Path(allow_dash=True), default="-"
    )
    @click.option("--ed25519", is_flag=True, help=texts("enrol.ed25519"))
    @click.option(
        "--tls-roots",
        type=click.Path(dir_okay=False, path_type=Path),
        help=texts("enrol.tls_roots"),
    )
    @pass_setting
    def _enrol(setting: Setting, file: str, tls_roots: Path | None, *, ed25519: bool) -> None:
        invitation = read_invitation(_read(setting, file))
        facts = enrol(
            invitation,
            setting.home,
            algorithm="ed25519" if ed25519 else "ecdsa-p256-sha256",
            tls_roots=None if tls_roots is None else tls_roots.resolve(),
        )
        setting.screen.say("connector.enrol.done", connector=facts.urn, home=str(setting.home))
        setting.screen.value({"connector": facts.urn, "valid_until": rfc3339(facts.not_after)})

    @group.command("renew", cls=kind, help=texts("renew.help"))
    @pass_setting
    def _renew(setting: Setting) -> None:
        facts = renew(setting.home)
        until = rfc3339(facts.not_after)
        setting.screen.say("connector.renew.done", until=until)
        setting.screen.value({"connector": facts.urn, "valid_until": until})

    @group.command("status", cls=kind, help=texts("status.help"))
    @pass_setting
    def _status(setting: Setting) -> None:
        _show_status(setting)

    @group.command("grants", cls=kind, help=texts("grants.help"))
    @pass_setting
    def _grants(setting: Setting) -> None:
        _show_grants(setting)


def _show_status(setting: Setting) -> None:
    screen = setting.screen
    with setting.open() as connector:
        settings, certificate = connector.identity.settings, connector.identity.certificate
        counts = connector.receipts.counts()
        lost = len(connector.receipts.lost(limit=1000))
        days = (certificate.not_after - connector.clock()) // DAY
        alarms = connector.receipts.alarms(limit=5)
    rows = {
        "hub": settings.hub,
        "address": settings.address,
        "department": settings.department,
        "connector": settings.connector,
        "ledger": settings.ledger.origin,
        "certificate": certificate.keyid,
        "valid_until": rfc3339(certificate.not_after),
        "days_left": str(days),
        "proven": str(counts["proven"]),
        "received": str(counts["received"]),
        "overdue": str(counts["alarm"]),
        "without_receipt": str(lost),
        "alarms": str(counts["alarms"]),
    }
    screen.table(
        ["connector.table.what", "connector.table.value"],
        [[screen.words(f"connector.status.{name}"), value] for name, value in rows.items()],
    )
    told: list[Json] = [
        {"time": rfc3339(one.time), "code": one.code, "why": one.why, "request_id": one.request_id}
        for one in alarms
    ]
    numbers: dict[str, Json] = {**counts, "without_receipt": lost, "days_left": int(days)}
    screen.value({**rows, **numbers, "newest_alarms": told})
    if alarms:
        screen.table(
            ["connector.table.time", "connector.table.alarm", "connector.table.question"],
            [[rfc3339(one.time), f"{one.code} {one.why}", one.request_id or ""] for one in alarms],
        )


def _show_grants(setting: Setting) -> None:
    with setting.open() as connector:
        grants = connector.grants()
    setting.screen.table(
        [
            "connector.table.grant",
            "connector.table.dataset",
            "connector.table.operations",
            "connector.table.items",
            "connector.table.purposes",
            "connector.table.valid_until",
            "connector.table.quota",
            "connector.table.state",
        ],
        [
            [
                grant.id,
                grant.dataset,
                ", ".join(grant.operations),
                ", ".join(
                    code if mask == "full" else f"{code} ({mask})"
                    for code, mask in grant.items.items()
                ),
                ", ".join(grant.purposes),
                grant.valid_until or "",
                "" if grant.daily_quota is None else str(grant.daily_quota),
                grant.status,
            ]
            for grant in grants
        ],
    )
    setting.screen.value({"grants": [grant.model_dump(mode="json") for grant in grants]})


def _read(setting: Setting, file: str) -> str:
    """An invitation's text; it is short, so nothing much longer is read.

    Pasted at a terminal it is not shown: it is a secret until it has been used.
    """
    if file == "-" and sys.stdin.isatty():
        words = setting.screen.words("connector.enrol.paste")
        return str(click.prompt(words, hide_input=True, err=True))
    try:
        with click.open_file(file, "r", encoding="ascii") as stream:
            return str(stream.read(MAX_INVITATION))
    except (OSError, UnicodeDecodeError) as error:
        raise InvitationBroken(why="file") from error
