"""Keys replaced one after another: whenever the hub is killed, one of each use is in force.

Clients verify receipts under whatever key the hub publishes with a chain to its root; checkpoints
are read under every key whose certificate lies in the hub's folder (``outside.py``).
"""

import json
import shutil
import threading
from http.client import HTTPException
from pathlib import Path

from crash.activity import Scene
from crash.standing import reading
from world.asking import Answer
from world.town import HUB, PASSWORD

from certs.canonical import Json, canonical
from certs.errors import SealBroken, YifenError
from certs.sealing import MasterKey
from hub.clock import system_clock
from hub.keys.files import FILE_USES, find, stored
from hub.keys.master import BEFORE, waiting_file
from hub.keys.register import Key, registered
from hub.ledger.month_keys import MonthKeys
from hub.ops.keys import at_the_folder
from hub.storage.folder import Folder
from hub.storage.wrapped import Wrapped, wrapped_keys

USES = (*FILE_USES, "master")
PATIENCE = 30.0
PAUSE = 0.05


class Rotating:
    """Replaces keys until the hub is gone: each use in turn, in another order each time."""

    span = 2.5

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._fault = ""
        self.rotated = 0

    def start(self, scene: Scene) -> None:
        """Rotate, again and again."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._rotate_on, args=[scene], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive()

    def check(self, scene: Scene) -> list[str]:
        """See that the register, the files and what is wrapped agree with each other."""
        told = [self._fault] if self._fault else []
        self._fault = ""
        folder = Folder(scene.ground.folder)
        with reading(folder.root) as connection:
            register = registered(connection)
            labels = {label for (label,) in connection.execute("SELECT label FROM kept_keys")}
            wrapped = list(wrapped_keys(connection, HUB))
        told += [
            f"{use}: {len(standing)} keys in force"
            for use in USES
            if len(standing := _in_force(register, use)) != 1
        ]
        told += _files(folder, register)
        told += _opens(folder, register, wrapped)
        told += [f"{label} is left over" for label in labels if label.startswith(BEFORE)]
        return told

    def _rotate_on(self, scene: Scene) -> None:
        try:
            while not self._stopping.is_set():
                uses = list(USES)
                scene.chance.shuffle(uses)
                for use in uses:
                    self._rotate(scene, use)
                    self._stopping.wait(PAUSE)
        except (HTTPException, OSError, YifenError):
            return
        except AssertionError as wrong:
            self._fault = str(wrong)

    def _rotate(self, scene: Scene, use: str) -> None:
        if self._stopping.is_set():
            return
        body: dict[str, Json] = {}
        if use == "master":
            body["fingerprint"] = _prepare(scene.ground.folder)
        elif scene.chance.random() < 0.5:
            body["now"] = True
        token = _call(scene, "/v1/session", "", {"account": "admin", "password": PASSWORD})
        answer = _call(scene, f"/v1/keys/{use}/rotation", str(token["token"]), body)
        self.rotated += "entry" in answer


def _prepare(root: Path) -> str:
    """A new master key, made and copied at the folder while the hub serves or dies."""
    with at_the_folder(root, system_clock) as operator:
        name, path = operator.new_master()
        copy = root.with_name("copy-of-the-master-key")
        shutil.copyfile(path, copy)
        operator.confirm_copy(copy)
    return name


def _in_force(register: tuple[Key, ...], use: str) -> list[Key]:
    return [key for key in register if (key.use, key.status, key.until) == (use, "active", None)]


def _files(folder: Folder, register: tuple[Key, ...]) -> list[str]:
    """Files of keys that are missing, and those that should be gone."""
    told: list[str] = []
    for key in register:
        if key.use not in FILE_USES:
            continue
        there = find(folder.keys, key.use, key.id, HUB) is not None
        if there != (key.status == "active"):
            told.append(f"{key.use} {key.id} is {key.status}, and its file {there=}")
    known = {key.id for key in register}
    told += [
        f"{path.name} is nobody's"
        for path, _, id_, _ in stored(folder.keys, HUB)
        if id_ not in known
    ]
    return told


def _opens(folder: Folder, register: tuple[Key, ...], wrapped: list[Wrapped]) -> list[str]:
    """What the master key does not open, and whether it has its place."""
    (needed,) = _in_force(register, "master")
    path = folder.keys / "master.key"
    key = MasterKey.load(path)
    if key.fingerprint != needed.id:
        return [f"the master key {needed.id} is not in its place"]
    waiting = {one.id for one in register if one.status == "waiting"}
    beside = waiting_file(path)
    told = []
    if beside.exists() and MasterKey.load(beside).fingerprint not in waiting:
        told.append("a master key that does not wait lies beside the one of now")
    months = MonthKeys(folder.keys, key)
    try:
        for one in wrapped:
            key.unwrap(one.blob, one.context)
        for retention, month in months.names():
            months.open(retention, month)
    except SealBroken:
        told.append("something is not wrapped by the master key")
    return told


def _call(scene: Scene, path: str, token: str, body: Json) -> dict[str, object]:
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    answer: Answer = scene.hub.http("POST", path, headers, canonical(body))
    if answer.status == 503:
        raise ConnectionAbortedError
    # 409: more rotations within a day than the hub allows.
    assert answer.status in {201, 409}, f"{path}: {answer.status} {answer.body[:300]!r}"
    told = json.loads(answer.body)
    assert isinstance(told, dict)
    return told
