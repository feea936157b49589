"""What tests of documents share: the documents, their code, and the trees of our commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(
    r"(?:<!-- signing: (?P<mark>\S+) -->\n)?^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SUBSTITUTED = re.compile(r"\$\(((?:hub|connector) [^|)]*)")
_OPERATORS = frozenset("|&;()<>")
COMMANDS = frozenset({"hub", "connector"})


@dataclass(frozen=True)
class Block:
    """A fenced block: its info string, its text, and the file that it must be, if it says so."""

    kind: str
    text: str
    mark: str | None


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    top = ("README.md", "README.en.md", "CHANGELOG.md")
    rooms = ("docs", "docker", "certs", "catalog", "hub", "connectors", "tests")
    found = [ROOT / name for name in top]
    for room in rooms:
        found += sorted((ROOT / room).rglob("*.md"))
    return found


def name_of(path: Path) -> str:
    """A document's path from the top."""
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a document."""
    text = path.read_text("utf-8")
    return [Block(m["kind"].strip(), m["text"], m["mark"]) for m in _FENCE.finditer(text)]


def prose(path: Path) -> str:
    """A document without its fenced blocks."""
    return _FENCE.sub("", path.read_text("utf-8"))


def inline_code(path: Path) -> list[str]:
    """Code within the lines of a document."""
    return _INLINE.findall(prose(path))


def tour(path: Path) -> list[str]:
    """The lines of the tour in a README."""
    shown = [block.text for block in blocks(path) if block.kind == "sh tour"]
    return "".join(shown).splitlines()


def commands_in(line: str) -> Iterator[list[str]]:
    """The commands of ours in one line of shell."""
    for inner in _SUBSTITUTED.findall(line):
        yield shlex.split(inner)
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    reader.commenters = ""
    command: list[str] = []
    for token in [*reader, ";"]:
        if set(token) <= _OPERATORS:
            while command and (command[0] == "inside" or command[0] == "do"):
                command.pop(0)
            if command and command[0] in COMMANDS:
                yield command
            command = []
        else:
            command.append(token)


class Unknown(AssertionError):
    """A command that is not as the document has it."""


def check(tree: click.Command, words: list[str], *, whole: bool = True) -> None:
    """Raise ``Unknown`` unless the command exists with these options.

    ``whole``: nothing that it requires may be missing.
    """
    name, *rest = words
    command, context = tree, click.Context(tree, info_name=name)
    while True:
        try:
            given, rest, _ = command.make_parser(context).parse_args(args=list(rest))
        except click.UsageError as error:
            raise Unknown(f"{' '.join(words)}: {error.format_message()}") from error
        if not isinstance(command, click.Group):
            break
        if not rest:
            return
        found = command.get_command(context, rest[0])
        if found is None:
            raise Unknown(f"{' '.join(words)}: no command {rest[0]}")
        command, rest = found, rest[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    if rest:
        raise Unknown(f"{' '.join(words)}: too many arguments")
    for parameter in command.get_params(context):
        why = _wrong(parameter, given.get(parameter.name or ""), whole=whole)
        if why:
            raise Unknown(f"{' '.join(words)}: {parameter.name} {why}")


def _wrong(parameter: click.Parameter, value: object, *, whole: bool) -> str:
    if value is None or value == () or repr(value) == "Sentinel.UNSET":
        return "is missing" if whole and parameter.required else ""
    # Placeholders are in capitals.
    choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else None
    if choices is None or not isinstance(value, str) or value.isupper():
        return ""
    return "" if value in choices else f"cannot be {value}"


def trees() -> dict[str, click.Command]:
    """The trees of both commands."""
    from connectors.cli import build  # noqa: PLC0415 not every test of documents needs them
    from hub.commands import hub  # noqa: PLC0415

    return {"hub": hub, "connector": build("zh")}


def leaves(tree: click.Command, *, of: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every command and group of a tree with its full name."""
    yield " ".join(of), tree
    if isinstance(tree, click.Group):
        context = click.Context(tree)
        for name in sorted(tree.list_commands(context)):
            child = tree.get_command(context, name)
            assert child is not None
            yield from leaves(child, of=(*of, name))
