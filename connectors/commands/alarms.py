"""``connector alarms``: list, show, acknowledge."""

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json
from certs.encoding import rfc3339
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.receipts.alarms import MOST, acknowledge, find, standing, stops
from connectors.receipts.store import Alarm
from connectors.screen import Screen


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)
    alarms = group_class(texts)("alarms", help=texts("alarms.help"))
    group.add_command(alarms)
    number = click.argument("number", metavar=texts("alarms.number"), type=click.IntRange(1))

    @alarms.command("list", cls=kind, help=texts("alarms.list.help"))
    @click.option("--all", "every", is_flag=True, help=texts("alarms.all"))
    @pass_setting
    def _list(setting: Setting, *, every: bool) -> None:
        with setting.open() as connector:
            store = connector.receipts
            found = store.alarms(limit=MOST) if every else standing(store)
        _show_list(setting.screen, found)

    @alarms.command("show", cls=kind, help=texts("alarms.show.help"))
    @number
    @pass_setting
    def _show(setting: Setting, number: int) -> None:
        with setting.open() as connector:
            alarm = find(connector.receipts, number)
        evidence = alarm.evidence.decode("utf-8", "replace")
        setting.screen.table(
            ["connector.table.what", "connector.table.value"],
            [[name, str(value)] for name, value in {**_told(alarm), "evidence": evidence}.items()],
        )
        setting.screen.value({**_told(alarm), "evidence": evidence})

    @alarms.command("acknowledge", cls=kind, help=texts("alarms.acknowledge.help"))
    @number
    @click.option("--note", required=True, help=texts("alarms.note"))
    @pass_setting
    def _acknowledge(setting: Setting, number: int, note: str) -> None:
        with setting.open() as connector:
            acknowledge(connector.receipts, number, note, connector.clock())
        setting.screen.say("connector.alarms.done", alarm=number)
        setting.screen.value({"acknowledged": number})


def _show_list(screen: Screen, found: list[Alarm]) -> None:
    screen.value({"alarms": [_told(alarm) for alarm in found]})
    if not found:
        screen.say("connector.alarms.none")
        return
    words = {stop: screen.words(f"connector.alarms.{'yes' if stop else 'no'}") for stop in (0, 1)}
    screen.table(
        [
            "connector.table.number",
            "connector.table.time",
            "connector.table.alarm",
            "connector.table.stops",
            "connector.table.question",
        ],
        [
            [
                str(alarm.id),
                rfc3339(alarm.time),
                f"{alarm.code} {alarm.why}",
                words[stops(alarm)],
                alarm.request_id or "",
            ]
            for alarm in found
        ],
    )


def _told(alarm: Alarm) -> dict[str, Json]:
    return {
        "alarm": alarm.id,
        "time": rfc3339(alarm.time),
        "code": alarm.code,
        "why": alarm.why,
        "request_id": alarm.request_id,
        "stops": stops(alarm),
    }
