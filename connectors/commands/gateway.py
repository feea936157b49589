"""``connector serve`` and ``connector key``: the gateway for a department's own systems."""

import os
from pathlib import Path

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json
from certs.keys import write_secret
from connectors.clock import system_clock
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.gateway.keys import FILE, SCHEME, add_key, read_keys, remove_key
from connectors.home import read as read_home
from connectors.sources.errors import TargetExists

_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)

    @group.command("serve", cls=kind, help=texts("serve.help"))
    @pass_setting
    def _serve(setting: Setting) -> None:
        # Here, so that every other command starts without a server.
        from connectors.gateway.serve import serve  # noqa: PLC0415

        screen = setting.screen

        def told(address: str) -> None:
            if not read_keys(setting.home / FILE):
                screen.note("connector.serve.no_keys")
            screen.note("connector.serve.listening", address=address)

        serve(setting.home, told=told)

    keys = group_class(texts)("key", help=texts("key.help"))
    group.add_command(keys)
    name = click.argument("name", metavar=texts("key.name"))

    @keys.command("add", cls=kind, help=texts("key.add.help"))
    @name
    @click.option("--purpose", "purposes", multiple=True, required=True, help=texts("key.purpose"))
    @click.option("--dataset", "datasets", multiple=True, help=texts("key.dataset"))
    @click.option("--rate", type=click.IntRange(1, 100_000), help=texts("key.rate"))
    @click.option("--out", type=_NEW_FILE, help=texts("key.out"))
    @pass_setting
    def _add(
        setting: Setting,
        name: str,
        purposes: tuple[str, ...],
        datasets: tuple[str, ...],
        rate: int | None,
        out: Path | None,
    ) -> None:
        read_home(setting.home)
        if out is not None and os.path.lexists(out):
            raise TargetExists(file=str(out))
        secret = add_key(
            setting.home / FILE,
            name,
            purposes=purposes,
            datasets=datasets or None,
            rate=rate,
            now=system_clock(),
        )
        _show_key(setting, name, secret, out)

    @keys.command("list", cls=kind, help=texts("key.list.help"))
    @pass_setting
    def _list(setting: Setting) -> None:
        read_home(setting.home)
        _show_keys(setting)

    @keys.command("remove", cls=kind, help=texts("key.remove.help"))
    @name
    @pass_setting
    def _remove(setting: Setting, name: str) -> None:
        read_home(setting.home)
        remove_key(setting.home / FILE, name)
        setting.screen.say("connector.key.removed", name=name)
        setting.screen.value({"removed": name})


def _show_key(setting: Setting, name: str, secret: str, out: Path | None) -> None:
    screen = setting.screen
    if out is not None:
        write_secret(out, f"Authorization: {SCHEME}{secret}\n".encode("ascii"))
        screen.say("connector.key.written", name=name, file=str(out))
        screen.value({"name": name, "file": str(out)})
        return
    if not screen.as_json:
        screen.note("connector.key.shown", name=name)
        click.echo(secret)
    screen.value({"name": name, "key": secret})


def _show_keys(setting: Setting) -> None:
    keys = read_keys(setting.home / FILE)
    setting.screen.table(
        [
            "connector.table.name",
            "connector.table.purposes",
            "connector.table.dataset",
            "connector.table.rate",
            "connector.table.created",
        ],
        [
            [
                key.name,
                ", ".join(key.purposes),
                ", ".join(key.datasets or ()),
                "" if key.rate is None else str(key.rate),
                key.created,
            ]
            for key in keys
        ],
    )
    told: list[Json] = [key.model_dump(mode="json", exclude={"digest"}) for key in keys]
    setting.screen.value({"keys": told})
