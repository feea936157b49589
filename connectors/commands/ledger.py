"""``connector ledger``: entries that name us, the newest checkpoint, and a later name to follow."""

import sys
from collections.abc import Mapping

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json, parse
from certs.encoding import rfc3339
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.errors import CheckpointMissing
from connectors.receipts.log import KeptLog, OpenedEntry
from connectors.receipts.successor import Offer
from connectors.screen import EXIT_REFUSED, Screen

_DEPTH = 12
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "application": ("id", "status", "department", "dataset", "version"),
    "certificate": ("connector", "status", "keyid"),
    "connector": ("urn", "status", "invited"),
    "grant": ("id", "status", "department", "dataset", "version", "valid_until"),
    "key": ("use", "status", "id"),
    "notice": ("objection", "dataset", "provider"),
    "objection": ("id", "status", "department", "dataset", "due"),
    "operator": ("origin", "kept", "lost"),
}
"""Members of a state that are shown, by kind of entry."""
LOST_SHOWN = 20
"""Lost receipts that are named; all of them stand in the alarm."""


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)
    ledger = group_class(texts)("ledger", help=texts("ledger.help"))
    group.add_command(ledger)

    @ledger.command("news", cls=kind, help=texts("ledger.news.help"))
    @click.option("--all", "everything", is_flag=True, help=texts("ledger.news.all"))
    @click.option("--limit", type=click.IntRange(1, 1000), default=100, help=texts("args.limit"))
    @pass_setting
    def _news(setting: Setting, limit: int, *, everything: bool) -> None:
        with setting.open() as connector:
            log = KeptLog(connector.receipts)
            found = log.opened(untold=not everything, limit=limit)
            _show_news(setting.screen, found)
            log.told(found)

    @ledger.command("checkpoint", cls=kind, help=texts("ledger.checkpoint.help"))
    @pass_setting
    def _checkpoint(setting: Setting) -> None:
        with setting.open() as connector:
            note = connector.receipts.checkpoint(connector.identity.settings.ledger.origin)
        if note is None:
            raise CheckpointMissing
        if not setting.screen.as_json:
            click.echo(note, nl=False)
        setting.screen.value({"checkpoint": note})

    @ledger.command("accept", cls=kind, help=texts("ledger.accept.help"))
    @click.option(
        "--although-unbound", "unbound", is_flag=True, help=texts("ledger.accept.unbound")
    )
    @click.option("--yes", is_flag=True, help=texts("ledger.accept.yes"))
    @pass_setting
    def _accept(setting: Setting, *, unbound: bool, yes: bool) -> None:
        screen = setting.screen
        with setting.open() as connector:
            offer = connector.successor.examine()
            if offer is None:
                screen.say("connector.ledger.accept.nothing")
                screen.value({"accepted": None})
                return
            _show_offer(screen, offer)
            if not yes and not _confirmed(screen, offer):
                raise click.exceptions.Exit(EXIT_REFUSED)
            connector.accept(offer, although_unbound=unbound)
        screen.say("connector.ledger.accept.done", origin=offer.pin.origin)
        lost: list[Json] = [one.entry for one in offer.lost]
        screen.value({"accepted": offer.pin.origin, "kept": offer.kept, "lost": lost})


def _confirmed(screen: Screen, offer: Offer) -> bool:
    """Whether a person at the terminal types the new name; nobody else decides this."""
    if screen.as_json or not sys.stdin.isatty():
        screen.note("connector.ledger.accept.ask")
        return False
    prompt = screen.words("connector.ledger.accept.type", origin=offer.pin.origin)
    typed: str = click.prompt(prompt, err=True)
    return typed.strip() == offer.pin.origin


def _show_offer(screen: Screen, offer: Offer) -> None:
    screen.say("connector.ledger.accept.names", old=offer.old, new=offer.pin.origin)
    for step in offer.steps:
        time = rfc3339(step.time)
        screen.say("connector.ledger.accept.step", origin=step.origin, kept=step.kept, time=time)
        if step.lost_to is None:
            screen.say("connector.ledger.accept.lost_unknown")
        elif step.lost_to > step.kept:
            screen.say("connector.ledger.accept.lost", first=step.kept, last=step.lost_to - 1)
    if not offer.bound:
        screen.say("connector.ledger.accept.unbound_warning")
    screen.say("connector.ledger.accept.ours", count=len(offer.lost))
    screen.table(
        ["connector.table.entry", "connector.table.question"],
        [[str(one.entry), one.request_id] for one in offer.lost[:LOST_SHOWN]],
    )


def _show_news(screen: Screen, entries: list[OpenedEntry]) -> None:
    told = [_told(entry) for entry in entries]
    if not entries:
        screen.say("connector.ledger.news.none")
    screen.table(
        [
            "connector.table.entry",
            "connector.table.time",
            "connector.table.kind",
            "connector.table.of",
        ],
        [
            [
                str(entry.entry),
                rfc3339(entry.time),
                _kind(screen, entry.kind),
                _sentence(screen, entry.kind, one),
            ]
            for entry, one in zip(entries, told, strict=True)
        ],
    )
    news: list[Json] = [
        {
            "entry": entry.entry,
            "kind": entry.kind,
            "ledger": entry.origin,
            "state": dict(state),
            "time": rfc3339(entry.time),
        }
        for entry, state in zip(entries, told, strict=True)
    ]
    screen.value({"news": news})


def _told(entry: OpenedEntry) -> Mapping[str, Json]:
    """The state that an entry holds."""
    control = parse(entry.control, max_bytes=len(entry.control), max_depth=_DEPTH)
    state = control.get("state") if isinstance(control, dict) else None
    return state if isinstance(state, dict) else {}


def _kind(screen: Screen, kind: str) -> str:
    """What an entry is about; a younger hub may have kinds that we have no words for."""
    return screen.words(f"connector.kind.{kind}") if kind in _SHOWN else kind


def _sentence(screen: Screen, kind: str, state: Mapping[str, Json]) -> str:
    """What became of a thing, in a line; of a kind that we have no words for, what it is."""
    if kind not in _SHOWN:
        return _plain(state.get("id"))
    shown = {name: _plain(state.get(name)) for name in _SHOWN.get(kind, ())}
    return screen.words(f"connector.news.{kind}", **shown)


def _plain(value: Json) -> str:
    if isinstance(value, list):
        return "–".join(_plain(one) for one in value)
    return "?" if value is None else str(value)
