"""The store of objects, in a folder and in a real S3 server: the same promises."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from world.bucket import NAME, SECRET, Bucket, serving_bucket

from certs.errors import InsecureKeyFile
from hub.errors import StorageRefused
from hub.storage.objects import FolderObjects, ObjectGone, Objects
from hub.storage.objects_s3 import S3Objects, S3Place

LARGE = os.urandom(1 << 20)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving_bucket() as served:
        yield served


def place_of(bucket: Bucket) -> S3Place:
    return S3Place(
        endpoint=bucket.endpoint.removeprefix("http://"),
        bucket=NAME,
        region="us-east-1",
        credentials=bucket.credentials,
        secure=False,
    )


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "folder":
        return FolderObjects(tmp_path / "objects")
    store = S3Objects(place_of(request.getfixturevalue("bucket")))
    for group in ("m-1", "m-2"):
        store.remove(group)
    return store


def test_what_was_put_is_got(objects: Objects) -> None:
    objects.check()
    assert objects.names("m-1") == []
    assert objects.put("m-1", "00000000", LARGE)
    assert objects.put("m-1", "thumbnail", b"x")
    assert objects.put("m-2", "00000000", b"other")
    assert objects.get("m-1", "00000000") == LARGE
    assert objects.names("m-1") == ["00000000", "thumbnail"]


def test_no_object_takes_anothers_place_unless_it_is_to(objects: Objects) -> None:
    assert objects.put("m-1", "a", b"first")
    assert not objects.put("m-1", "a", b"second")
    assert objects.get("m-1", "a") == b"first"
    assert objects.put("m-1", "a", b"third", replace=True)
    assert objects.get("m-1", "a") == b"third"


def test_what_is_not_there_is_gone(objects: Objects) -> None:
    with pytest.raises(ObjectGone):
        objects.get("m-1", "a")
    objects.settle("m-1")
    objects.remove("m-1")


def test_a_group_is_removed_whole_and_alone(objects: Objects) -> None:
    for group in ("m-1", "m-2"):
        for name in ("a", "b"):
            objects.put(group, name, b"x")
    objects.remove("m-1")
    assert objects.names("m-1") == []
    assert objects.names("m-2") == ["a", "b"]


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".", "A", "a" * 65, "a\n", "-a"])
def test_a_name_leads_nowhere_else(objects: Objects, name: str) -> None:
    for group, one in ((name, "a"), ("m-1", name)):
        with pytest.raises(StorageRefused):
            objects.put(group, one, b"x")
        with pytest.raises(StorageRefused):
            objects.get(group, one)
    with pytest.raises(StorageRefused):
        objects.remove(name)


def test_what_a_cut_off_put_has_left_is_no_object(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    objects.put("m-1", "a", b"x")
    (tmp_path / "m-1" / "0011223344556677.part").write_bytes(b"half")
    assert objects.names("m-1") == ["a"]
    objects.settle("m-1")
    assert [path.name for path in (tmp_path / "m-1").iterdir()] == ["a"]


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    FolderObjects(tmp_path / "objects").put("m-1", "a", b"x")
    modes = [path.stat().st_mode & 0o077 for path in (tmp_path / "objects").rglob("*")]
    assert modes == [0, 0]


def test_a_full_or_broken_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "objects").write_bytes(b"a file in its place")
    with pytest.raises(StorageRefused):
        FolderObjects(tmp_path / "objects").put("m-1", "a", b"x")


def test_a_bucket_that_is_not_there(bucket: Bucket) -> None:
    with pytest.raises(StorageRefused) as error:
        S3Objects(replace(place_of(bucket), bucket="nosuch-bucket")).check()
    assert error.value.facts == {"why": "bucket-absent"}


def test_a_server_that_is_not_there_and_a_wrong_secret(bucket: Bucket, tmp_path: Path) -> None:
    away = S3Objects(replace(place_of(bucket), endpoint="127.0.0.1:9"))
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('access_key = "trial-access"\nsecret_key = "another"\n', "utf-8")
    wrong.chmod(0o600)
    for store in (away, S3Objects(replace(place_of(bucket), credentials=wrong))):
        with pytest.raises(StorageRefused) as error:
            store.put("m-1", "a", b"x", replace=True)
        # What is told names neither place nor key.
        assert error.value.facts == {"why": "objects"}


def test_credentials_are_read_from_a_closed_file_and_never_told(
    bucket: Bucket, tmp_path: Path
) -> None:
    store = S3Objects(place_of(bucket))
    assert SECRET not in repr(store) + repr(place_of(bucket)) + str(vars(store).keys())
    opened = tmp_path / "open.toml"
    opened.write_text(bucket.credentials.read_text("utf-8"), "utf-8")
    opened.chmod(0o644)
    with pytest.raises(InsecureKeyFile):
        S3Objects(replace(place_of(bucket), credentials=opened))
    opened.chmod(0o600)
    opened.write_text("access_key = 1\n", "utf-8")
    with pytest.raises(StorageRefused):
        S3Objects(replace(place_of(bucket), credentials=opened))
