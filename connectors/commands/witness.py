"""``connector witness``: make one, tell it which logs to look at, serve, see what it has seen."""

from contextlib import closing
from pathlib import Path

import click

from catalog.terminal import LocalGroup
from certs.canonical import Json
from certs.encoding import rfc3339
from connectors.commands.local import Setting, Texts, command_class, group_class, pass_setting
from connectors.witness.folder import add_log, make, open_store, public_witness, remove_log

DEFAULT_LISTEN = "127.0.0.1:8441"


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the commands to ``group``."""
    kind = command_class(texts)
    witness = group_class(texts)("witness", help=texts("witness.help"))
    group.add_command(witness)
    folder = click.argument(
        "folder",
        metavar=texts("witness.folder"),
        type=click.Path(file_okay=False, path_type=Path),
    )
    vkey = click.argument("vkey", metavar=texts("witness.vkey"))

    @witness.command("init", cls=kind, help=texts("witness.init.help"))
    @folder
    @click.option("--name", required=True, help=texts("witness.name"))
    @pass_setting
    def _init(setting: Setting, folder: Path, name: str) -> None:
        made = make(folder, name)
        setting.screen.note("connector.witness.made", folder=str(folder))
        setting.screen.say("connector.witness.line", vkey=made.vkey)
        setting.screen.value({"name": made.name, "vkey": made.vkey})

    @witness.command("add-log", cls=kind, help=texts("witness.add.help"))
    @folder
    @vkey
    @pass_setting
    def _add(setting: Setting, folder: Path, vkey: str) -> None:
        origin = add_log(folder, vkey)
        setting.screen.say("connector.witness.added", origin=origin)
        setting.screen.value({"origin": origin})

    @witness.command("remove-log", cls=kind, help=texts("witness.remove.help"))
    @folder
    @vkey
    @pass_setting
    def _remove(setting: Setting, folder: Path, vkey: str) -> None:
        origin = remove_log(folder, vkey)
        setting.screen.say("connector.witness.removed", origin=origin)
        setting.screen.value({"origin": origin})

    @witness.command("serve", cls=kind, help=texts("witness.serve.help"))
    @folder
    @click.option("--listen", default=DEFAULT_LISTEN, show_default=True, help=texts("args.listen"))
    @pass_setting
    def _serve(_: Setting, folder: Path, listen: str) -> None:
        # Here, so that every other command starts without a web server.
        from connectors.witness.serve import serve  # noqa: PLC0415

        serve(folder, listen)

    @witness.command("status", cls=kind, help=texts("witness.status.help"))
    @folder
    @pass_setting
    def _status(setting: Setting, folder: Path) -> None:
        _show(setting, folder)


def _show(setting: Setting, folder: Path) -> None:
    """The witness's key, its logs, and what it refused of them."""
    screen = setting.screen
    made = public_witness(folder)
    rows: list[list[str]] = []
    told: list[Json] = []
    with closing(open_store(folder)) as store:
        for origin, vkey in store.logs():
            cosigned, refused = store.cosigned(origin), store.refused(origin)
            size = None if cosigned is None else cosigned.size
            time = None if cosigned is None else rfc3339(cosigned.time)
            rows.append([origin, str(size or ""), time or "", str(len(refused)), vkey])
            evidence: list[Json] = [
                {
                    "kept": one.kept,
                    "note": one.note,
                    "size": one.size,
                    "time": rfc3339(one.time),
                    "why": one.why,
                }
                for one in refused
            ]
            told.append(
                {"origin": origin, "refused": evidence, "size": size, "time": time, "vkey": vkey}
            )
    screen.say("connector.witness.line", vkey=made.vkey)
    screen.table(
        [
            "connector.table.ledger",
            "connector.table.size",
            "connector.table.time",
            "connector.table.refused",
            "connector.table.vkey",
        ],
        rows,
    )
    screen.value({"logs": told, "name": made.name, "vkey": made.vkey})
