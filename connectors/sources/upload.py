"""What is written down of an upload before anything of it leaves, so that it can be gone on with.

    HOME/uploads/<dataset>.upload   one line of JSON for each thing that was about to be done
    HOME/uploads/<dataset>.lock     held by the run that publishes the dataset

    {"v": 1, "token", "order": {…}}                    before the hub is asked to begin
    {"publication", "chunk_bytes", "sequence"}         what it said
    {"chunk", "digest"}                                before a chunk is sent

Lines are only ever added, each durable before what it speaks of; a last one without its end was
cut off and is dropped. Nothing of a row stands in it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u
from certs.errors import Malformed
from connectors.errors import UploadBroken, UploadBusy
from connectors.home import check_private, sync_folder
from connectors.locking import try_lock

FOLDER = "uploads"
TOKEN_BYTES = 16
"""128 random bits: the hub knows a publication by them before we know its name."""
_MAX_LINE = 256 * 1024
Mode = Literal["full", "changes"]
_Digest = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Order(_Strict):
    """What is to be published: ``source`` is its name; ``sequence`` None if none was asked for."""

    dataset: str
    source: str
    columns: tuple[str, ...]
    mode: Mode = "full"
    sequence: int | None = None


class _Begun(_Strict):
    v: Literal[1]
    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
    order: Order


class _Opened(_Strict):
    publication: str
    chunk_bytes: int
    sequence: int | None


class _Chunk(_Strict):
    chunk: Annotated[int, Field(ge=0)]
    digest: _Digest


@dataclass(slots=True)
class Record:
    """What is written down; ``publication`` None if the hub's answer is not."""

    token: str
    order: Order
    publication: str | None = None
    digests: dict[int, str] = field(default_factory=dict)
    """By number, of the chunks that were about to be sent."""


class Upload:
    """The one upload of a dataset from one connector's folder; held by one run at a time."""

    def __init__(self, path: Path, dataset: str) -> None:
        self._path = path
        self.dataset = dataset
        self.record = self._read()

    @classmethod
    @contextmanager
    def held(cls, home: Path, dataset: str) -> Iterator[Self]:
        """Hold it until the end of the block; raises ``UploadBusy`` or ``UploadBroken``."""
        folder = home / FOLDER
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            check_private(folder)
            descriptor = os.open(folder / f"{dataset}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UploadBroken(file=FOLDER, why="folder") from error
        try:
            if not try_lock(descriptor):
                raise UploadBusy(dataset=dataset)
            yield cls(folder / f"{dataset}.upload", dataset)
        finally:
            os.close(descriptor)

    def begin(self, order: Order) -> Record:
        """Write down a new upload, under a new token."""
        self.forget()
        record = Record(b64u(os.urandom(TOKEN_BYTES)), order)
        self._add({"v": 1, "token": record.token, "order": order.model_dump(mode="json")})
        self.record = record
        return record

    def opened(self, publication: str, chunk_bytes: int, sequence: int | None) -> None:
        """Write down what the hub calls it; once."""
        record = self._known()
        if record.publication is None:
            self._add(
                {"publication": publication, "chunk_bytes": chunk_bytes, "sequence": sequence}
            )
            record.publication = publication

    def sending(self, number: int, digest: str) -> None:
        """Write down a chunk that is about to be sent."""
        record = self._known()
        if record.digests.get(number) != digest:
            self._add({"chunk": number, "digest": digest})
            record.digests[number] = digest

    def forget(self) -> None:
        """It has ended and was told, or was given up: nothing is to be gone on with."""
        self.record = None
        try:
            self._path.unlink(missing_ok=True)
            sync_folder(self._path.parent)
        except OSError as error:
            raise UploadBroken(file=self._path.name, why="write") from error

    def _known(self) -> Record:
        if self.record is None:
            raise UploadBroken(file=self._path.name, why="missing")
        return self.record

    def _add(self, value: Json) -> None:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(canonical(value) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            if self.record is None:
                sync_folder(self._path.parent)
        except OSError as error:
            raise UploadBroken(file=self._path.name, why="write") from error

    def _read(self) -> Record | None:
        """What stands there; a line that was cut off is taken away."""
        try:
            with self._path.open("r+b") as file:
                data = file.read()
                whole = data.rfind(b"\n") + 1
                if whole < len(data):
                    file.truncate(whole)
                    os.fsync(file.fileno())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UploadBroken(file=self._path.name, why="read") from error
        try:
            return _read_lines(data[:whole].splitlines())
        except (Malformed, ValidationError) as error:
            raise UploadBroken(file=self._path.name, why="form") from error


def _read_lines(lines: list[bytes]) -> Record | None:
    if not lines:
        return None
    values = [parse(line, max_bytes=_MAX_LINE, max_depth=4) for line in lines]
    begun = _Begun.model_validate(values[0])
    record = Record(begun.token, begun.order)
    for value in values[1:]:
        if isinstance(value, dict) and "chunk" in value:
            chunk = _Chunk.model_validate(value)
            record.digests[chunk.chunk] = chunk.digest
        else:
            record.publication = _Opened.model_validate(value).publication
    return record
