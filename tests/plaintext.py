"""Looks for plain text where only sealed bytes may lie: every form of many values, in every file.

A value is looked for as UTF-8, UTF-16 of both byte orders, base64 in each of its three alignments
and both alphabets, hexadecimal, and as JSON escapes; also in what zlib, gzip and zstd members
inflate to, and in the names of files.

    1  every form of every value is a pattern, filed under its last four bytes
    2  a file is read as 32-bit numbers at four offsets: are any of them filed?
    3  where one is, the patterns under it are compared
    4  members that inflate are inflated, and what comes out is searched in the same way

So the time depends on the bytes and hardly on the number of patterns: some 30 MB a second.
"""

import csv
import mmap
import re
import shutil
import subprocess
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

GRAM = 4
SHORTEST = 6
"""Bytes of a pattern at least: of fewer, sealed (so random) bytes hold one by chance too often."""
CHUNK = 1 << 16
INFLATED = 1 << 28
"""Bytes that a member may inflate to; more is refused, not left out."""
NESTED = 3
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd")
_EITHER = 32


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A value in a file: in which form, at which byte, inside which compressed members."""

    file: str
    position: int
    form: str
    value: str
    inside: tuple[str, ...] = ()


class Plaintext:
    """Searches for any of many values."""

    def __init__(self, values: Iterable[str]) -> None:
        self._patterns: dict[int, list[tuple[bytes, str, str]]] = {}
        self.values = 0
        for value in dict.fromkeys(values):
            self.values += 1
            for form, pattern in forms(value).items():
                if len(pattern) < SHORTEST:
                    raise ValueError(f"too short to be told from chance: {form}")
                gram = memoryview(pattern[-GRAM:]).cast("I")[0]
                self._patterns.setdefault(gram, []).append((pattern, form, value))
        self._grams = frozenset(self._patterns)

    def in_folder(self, folder: Path) -> list[Found]:
        """What is found in the files beneath ``folder`` and in their names."""
        return sorted(
            found
            for path in sorted(folder.rglob("*"))
            for found in self.in_path(path, str(path.relative_to(folder)))
        )

    def in_path(self, path: Path, name: str) -> Iterator[Found]:
        """What is found in one file, or in its name."""
        yield from self.in_bytes(name.encode("utf-8", "surrogateescape"), f"name of {name}")
        if not path.is_file() or not path.stat().st_size:
            return
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield from self.in_bytes(data, name)

    def in_bytes(
        self, data: bytes | mmap.mmap, name: str, inside: tuple[str, ...] = ()
    ) -> Iterator[Found]:
        """What is found in ``data`` and in what of it inflates."""
        # Taken whole before it is told: nobody may hold a view of a file that has been closed.
        yield from [Found(name, at, form, value, inside) for at, form, value in self._raw(data)]
        if len(inside) == NESTED:
            return
        for kind, magic, inflate in _MEMBERS:
            for match in magic.finditer(data):
                inflated = inflate(data, match.start())
                if inflated:
                    yield from self.in_bytes(inflated, name, (*inside, f"{kind}@{match.start()}"))

    def _raw(self, data: bytes | mmap.mmap) -> Iterator[tuple[int, str, str]]:
        size = len(data)
        with memoryview(data) as view:
            for base in range(0, size, CHUNK):
                for start in range(base, base + GRAM):
                    count = min((base + CHUNK - start + GRAM - 1) // GRAM, (size - start) // GRAM)
                    if count <= 0:
                        continue
                    with view[start : start + GRAM * count].cast("I") as numbers:
                        if self._grams.isdisjoint(numbers):
                            continue
                        at = [start + GRAM * i for i, n in enumerate(numbers) if n in self._grams]
                    for position in at:
                        yield from self._at(data, position + GRAM)

    def _at(self, data: bytes | mmap.mmap, end: int) -> Iterator[tuple[int, str, str]]:
        """The patterns that end at ``end``."""
        gram = memoryview(data[end - GRAM : end]).cast("I")[0]
        for pattern, form, value in self._patterns[gram]:
            start = end - len(pattern)
            if start >= 0 and data[start:end] == pattern:
                yield start, form, value


def forms(value: str) -> dict[str, bytes]:
    """Every form of a value that is looked for, by name."""
    plain = value.encode("utf-8")
    found = {
        "utf-8": plain,
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "hex": plain.hex().encode("ascii"),
    }
    if plain.hex().upper() != plain.hex():
        found["HEX"] = plain.hex().upper().encode("ascii")
    if not value.isascii():
        # Small letters, as JSON writers use them.
        found["json"] = "".join(f"\\u{ord(character):04x}" for character in value).encode("ascii")
    for name, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
        for before in range(3):
            # Characters whose six bits all belong to the value.
            first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
            pattern = encode(bytes(before) + plain)[first:last]
            if pattern not in found.values():
                found[f"{name}+{before}"] = pattern
    return found


def people_of(residents: Path, *, shortest_name: int = 3) -> list[str]:
    """Every resident ID of a city's CSV, and every name of ``shortest_name`` characters or more."""
    with residents.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        pairs = [(row["公民身份号码"], row["姓名"]) for row in rows]
    named = (name for _, name in pairs if len(name) >= shortest_name)
    return list(dict.fromkeys([*(number for number, _ in pairs), *named]))


def _inflate_zlib(data: bytes | mmap.mmap, start: int) -> bytes:
    """What a zlib or gzip member gives, up to its end or its first fault."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | _EITHER)
    out = bytearray()
    try:
        while not inflater.eof and start < len(data):
            out += inflater.decompress(data[start : start + CHUNK])
            start += CHUNK
            if len(out) > INFLATED:
                raise ValueError("a member inflates to more than is looked through")
    except zlib.error:
        pass
    return bytes(out)


def _inflate_zstd(data: bytes | mmap.mmap, start: int) -> bytes:
    """What a zstd frame gives, nothing if it is none."""
    end = _zstd_end(data, start)
    if end is None:
        return b""
    program = shutil.which("zstd")
    if program is None:
        raise ValueError("what looks like a zstd frame cannot be looked into without zstd")
    run = subprocess.run([program, "-dc"], input=data[start:end], capture_output=True, check=False)
    return run.stdout


def _zstd_end(data: bytes | mmap.mmap, start: int) -> int | None:
    """Where a zstd frame ends (RFC 8878 §3.1.1), None if its headers are not those of one."""
    at = start + 4
    if at >= len(data):
        return None
    descriptor = data[at]
    if descriptor & 0b1000:
        return None
    single = descriptor >> 5 & 1
    at += 1 + (1 - single) + (0, 1, 2, 4)[descriptor & 3]
    at += ((1 if single else 0), 2, 4, 8)[descriptor >> 6]
    while at + 3 <= len(data):
        block = int.from_bytes(data[at : at + 3], "little")
        kind, size = block >> 1 & 3, block >> 3
        if kind == 3 or size > 1 << 17:
            return None
        at += 3 + (1 if kind == 1 else size)
        if block & 1:
            at += 4 if descriptor & 0b100 else 0
            return at if at <= len(data) else None
    return None


_Inflate = Callable[[bytes | mmap.mmap, int], bytes]
_MEMBERS: tuple[tuple[str, re.Pattern[bytes], _Inflate], ...] = (
    ("zlib", _ZLIB, _inflate_zlib),
    ("zstd", _ZSTD, _inflate_zstd),
)
