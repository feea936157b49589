"""What commands about cases read from files, never from the arguments: parties, fields, reasons.

TOML if the file is called so, else JSON. A file that names people must be its owner's alone.
"""

import os
import stat
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from certs.canonical import Json, canonical, parse
from certs.errors import Malformed
from connectors.cases.errors import CaseFileRefused
from connectors.cases.question import Party, Said, read_given, read_parties, read_said
from connectors.errors import QuestionRefused

LARGEST = 4 << 20
"""Bytes of one file."""
_DEPTH = 4
_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


def read_people(file: Path | None) -> dict[str, Party | None]:
    """Parties by role, from a file of one's own or from standard input (JSON)."""
    if file is None:
        data = sys.stdin.buffer.read(LARGEST + 1)
        return _named("-", read_parties, _json("-", data))
    return _named(file.name, read_parties, _read(file, private=True))


def read_entered(file: Path | None) -> dict[str, str]:
    """What the applicant has entered, by field; nothing without a file."""
    if file is None:
        return {}
    return _named(file.name, read_given, _read(file, private=False))


def read_opening(file: Path | None) -> Said | None:
    """On what a case is decided that was not opened here: all members of an opening."""
    if file is None:
        return None
    value = _read(file, private=True)
    members = {"case", "given", "parties", "purpose", "services"}
    if not isinstance(value, dict) or not value.keys() <= members | {"given"}:
        raise CaseFileRefused(file=file.name, why="members")
    whole: dict[str, Json] = {"given": {}, **value}
    if whole.keys() != members:
        raise CaseFileRefused(file=file.name, why="members")
    return _named(file.name, read_said, canonical(whole))


def read_reason(file: Path) -> str:
    """Why a case ends as it does: the text of a file."""
    try:
        return _bytes(file, private=False).decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise CaseFileRefused(file=file.name, why="unreadable") from error


def _read(file: Path, *, private: bool) -> Json:
    data = _bytes(file, private=private)
    if file.suffix.lower() != ".toml":
        return _json(file.name, data)
    try:
        # A date becomes its text; what JSON cannot hold, and floats, are refused.
        value: Json = tomllib.loads(data.decode("utf-8-sig"))
        return parse(canonical(value), max_bytes=LARGEST, max_depth=_DEPTH)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, Malformed, TypeError) as error:
        raise CaseFileRefused(file=file.name, why="toml") from error


def _json(name: str, data: bytes) -> Json:
    try:
        return parse(data.removeprefix(b"\xef\xbb\xbf"), max_bytes=LARGEST, max_depth=_DEPTH)
    except Malformed as error:
        raise CaseFileRefused(file=name, why="json") from error


def _bytes(file: Path, *, private: bool) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "rb") as stream:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            if private and os.name == "posix" and mode & 0o077:
                raise CaseFileRefused(file=file.name, why="mode")
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise CaseFileRefused(file=file.name, why="unreadable") from error


def _named(name: str, read: Callable[[_Given], _Found], value: _Given) -> _Found:
    try:
        return read(value)
    except QuestionRefused as error:
        raise CaseFileRefused(file=name, why=str(error.facts["why"])) from error
