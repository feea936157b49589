"""Objects in S3 (MinIO, SeaweedFS and their like) through the ``minio`` client.

The key of an object is ``materials/<group>/<name>``. A put that was answered with 200 is durable:
that is S3's promise, and the operator's to hold.
"""

import io
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.util import Retry, Timeout

from certs.errors import InsecureKeyFile
from certs.keys import read_secret
from hub.errors import StorageRefused
from hub.storage.objects import ObjectGone, checked

PREFIX = "materials"
_CONNECT, _READ = 5.0, 30.0
"""Seconds to connect, and between two pieces of an answer."""
_GONE = frozenset({"NoSuchKey", "NoSuchObject"})


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where a bucket is.

    ``credentials`` is a file of mode 0600 with ``access_key`` and ``secret_key`` in TOML, read when
    the store is opened.
    """

    endpoint: str
    bucket: str
    region: str
    credentials: Path
    secure: bool
    tls_roots: Path | None = None


class S3Objects:
    """Objects in one bucket; its ``repr`` tells nothing."""

    def __init__(self, place: S3Place) -> None:
        access, secret = _credentials(place.credentials)
        self._bucket = place.bucket
        self._client = Minio(
            place.endpoint,
            access_key=access,
            secret_key=secret,
            region=place.region,
            secure=place.secure,
            http_client=_pool(place),
        )

    def __repr__(self) -> str:
        return "<S3Objects>"

    def put(self, group: str, name: str, data: bytes, *, replace: bool = False) -> bool:
        """One PUT; S3 shows an object whole or not at all.

        Two that come at the same moment may both be told that they are kept: whoever reads them
        must know the whole by its digest.
        """
        key = _key(group, name)
        if not replace and self._has(key):
            return False
        with _refusing():
            self._client.put_object(self._bucket, key, io.BytesIO(data), length=len(data))
        return True

    def _has(self, key: str) -> bool:
        try:
            with _refusing():
                self._client.stat_object(self._bucket, key)
        except ObjectGone:
            return False
        return True

    def get(self, group: str, name: str) -> bytes:
        """The bytes of the object."""
        with _refusing():
            answer = self._client.get_object(self._bucket, _key(group, name))
            try:
                return answer.read()
            finally:
                answer.close()
                answer.release_conn()

    def names(self, group: str) -> list[str]:
        """The names under the group's prefix."""
        return sorted(key.rpartition("/")[2] for key in self._keys(group))

    def settle(self, group: str) -> None:
        """Nothing: what was cut off was never an object."""

    def remove(self, group: str) -> None:
        """Remove every object of the group, one after the other."""
        for key in self._keys(group):
            with _refusing(), suppress(ObjectGone):
                self._client.remove_object(self._bucket, key)

    def check(self) -> None:
        """Ask for the bucket."""
        with _refusing():
            if not self._client.bucket_exists(self._bucket):
                raise StorageRefused(why="bucket-absent")

    def _keys(self, group: str) -> list[str]:
        with _refusing():
            found = self._client.list_objects(
                self._bucket, prefix=f"{PREFIX}/{checked(group)}/", recursive=True
            )
            return [one.object_name for one in found if one.object_name]


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn the client's errors into ours: none of theirs may be told, they hold addresses."""
    try:
        yield
    except S3Error as error:
        if error.code in _GONE:
            raise ObjectGone(why="object-gone") from error
        raise StorageRefused(why="objects") from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise StorageRefused(why="objects") from error


def _key(group: str, name: str) -> str:
    return f"{PREFIX}/{checked(group)}/{checked(name)}"


def _pool(place: S3Place) -> urllib3.PoolManager:
    """Bounded, without redirects, and with the authorities that the settings name."""
    timeout = Timeout(connect=_CONNECT, read=_READ)
    retries = Retry(total=2, redirect=0, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
    if place.tls_roots is None:
        return urllib3.PoolManager(timeout=timeout, retries=retries, maxsize=8)
    return urllib3.PoolManager(
        timeout=timeout, retries=retries, maxsize=8, ca_certs=str(place.tls_roots)
    )


def _credentials(file: Path) -> tuple[str, str]:
    """The two keys in the file; raises ``StorageRefused`` or ``InsecureKeyFile``."""
    try:
        raw = tomllib.loads(read_secret(file).decode("utf-8"))
    except InsecureKeyFile:
        raise
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StorageRefused(why="object-credentials") from error
    access, secret = raw.get("access_key"), raw.get("secret_key")
    if not isinstance(access, str) or not isinstance(secret, str):
        raise StorageRefused(why="object-credentials")
    return access, secret
