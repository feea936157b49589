"""Erasures one after another: what was entered is finished, and nothing else is touched.

A town that was set back (``world/aging.py``) has years of months to erase. When those are used up,
months are made that have a key and no entries.
"""

import json
import threading
import time
from http.client import HTTPException

from crash.activity import Scene
from crash.standing import reading
from world.aging import BASIS, YEAR, traces
from world.asking import Answer
from world.time import DAY
from world.town import PASSWORD

from certs.canonical import Json, canonical
from certs.errors import SealBroken
from hub.clock import month, system_clock
from hub.keys.master import Master
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys, unwrap
from hub.ledger.store import LedgerStore
from hub.storage.folder import Folder

CLASS = "default"
PATIENCE, LOOK = 30.0, 0.05


class Erasing:
    """Erases what is due until the hub is gone."""

    span = 4.0

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._fault = ""
        self._made = 0
        self._old: dict[str, list[bytes]] = {}
        """What was sealed and wrapped of each month that was to be erased."""

    def start(self, scene: Scene) -> None:
        """Erase, again and again."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._erase_on, args=[scene], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive()

    def check(self, scene: Scene) -> list[str]:
        """See that what was entered comes to its end, and that nothing else is gone."""
        told = [self._fault] if self._fault else []
        self._fault = ""
        self._stopping = threading.Event()
        deadline = time.monotonic() + PATIENCE
        while (waiting := self._under_way(scene)) and time.monotonic() < deadline:
            self._stopping.wait(LOOK)
        told += [f"the erasure of {one} is not finished" for one in sorted(waiting)]
        erased = self._erased(scene)
        for one in sorted(erased - waiting):
            told += self._left(scene, one)
        told += [
            f"{one} was not entered and cannot be opened"
            for one in sorted(self._months(scene) - erased)
            if not self._opens(scene, one)
        ]
        return told

    def _erase_on(self, scene: Scene) -> None:
        try:
            token = self._sign_in(scene)
            while not self._stopping.is_set():
                self._erase(scene, token)
        except (HTTPException, OSError):
            return
        except AssertionError as wrong:
            self._fault = str(wrong)

    def _erase(self, scene: Scene, token: str) -> None:
        """Have one month erased, and wait for its end."""
        told = _call(scene, "GET", "/v1/retention", token)
        months = told["months"]
        assert isinstance(months, list)
        due = sorted(str(one["month"]) for one in months if one["state"] == "due")  # type: ignore[index, call-overload]
        if not due:
            if not any(one["state"] == "erasing" for one in months):  # type: ignore[index, call-overload]
                self._make(scene)
            self._stopping.wait(LOOK)
            return
        in_month = scene.chance.choice(due)
        self._old.setdefault(in_month, self._bytes(scene, in_month))
        body: Json = {"retention": CLASS, "month": in_month, "basis": BASIS}
        _call(scene, "POST", "/v1/retention/erasures", token, body, allowed={202, 404, 409})
        while not self._stopping.wait(LOOK):
            erasures = _call(scene, "GET", "/v1/retention", token)["erasures"]
            assert isinstance(erasures, list)
            if all(one["complete"] for one in erasures):
                # What is told to be complete is gone now, and not at the next start.
                left = self._left(scene, in_month) if erasures else []
                assert not left, left
                break

    def _sign_in(self, scene: Scene) -> str:
        body: Json = {"account": "admin", "password": PASSWORD}
        return str(_call(scene, "POST", "/v1/session", "", body, allowed={201})["token"])

    def _make(self, scene: Scene) -> None:
        """A month that has a key and nothing under it."""
        self._made += 1
        folder = Folder(scene.ground.folder)
        store = LedgerStore(folder, system_clock)
        try:
            months = MonthKeys(folder.keys, Master(folder.keys / "master.key", store.connection))
            when = system_clock() - 12 * YEAR - self._made * 31 * DAY
            PersonKeys(store.connection, months).current(CLASS, when, store)
        finally:
            store.close()

    def _bytes(self, scene: Scene, in_month: str) -> list[bytes]:
        """Every sealed part and every wrapped key of a month."""
        with reading(scene.ground.folder) as connection:
            keys: dict[int, bytes] = dict(
                connection.execute(
                    "SELECT id, wrapped FROM person_keys WHERE retention = ? AND month = ?"
                    " AND wrapped IS NOT NULL",
                    (CLASS, in_month),
                ).fetchall()
            )
            parts = [
                part
                for part, number in connection.execute(
                    "SELECT person, person_key FROM entries WHERE person IS NOT NULL"
                    " ORDER BY position LIMIT 500"
                )
                if number in keys
            ]
        return [*keys.values(), *parts]

    def _left(self, scene: Scene, in_month: str) -> list[str]:
        """What there still is of a month that is erased."""
        told: list[str] = []
        with reading(scene.ground.folder) as connection:
            parts, keys = connection.execute(
                "SELECT (SELECT count(*) FROM entries e JOIN person_keys k ON k.id = e.person_key"
                "  WHERE k.retention = ?1 AND k.month = ?2 AND e.person IS NOT NULL),"
                " (SELECT count(wrapped) FROM person_keys WHERE retention = ?1 AND month = ?2)",
                (CLASS, in_month),
            ).fetchone()
        if parts or keys:
            told.append(f"{in_month} is erased, and has {parts} parts and {keys} keys")
        file = Folder(scene.ground.folder).keys / "persons" / f"{CLASS}-{in_month}.key"
        if file.exists():
            told.append(f"{in_month} is erased, and its key is there")
        old = self._old.get(in_month)
        if old and (files := traces(scene.ground.folder, old)):
            told.append(f"{in_month} is erased, and found in {sorted(files)}")
        return told

    def _opens(self, scene: Scene, in_month: str) -> bool:
        keys = Folder(scene.ground.folder).keys
        with reading(scene.ground.folder) as connection:
            months = MonthKeys(keys, Master(keys / "master.key", connection))
            rows = connection.execute(
                "SELECT wrapped FROM person_keys WHERE retention = ? AND month = ?",
                (CLASS, in_month),
            ).fetchall()
            try:
                key = months.open(CLASS, in_month)
                for (wrapped,) in rows:
                    unwrap(key, wrapped or b"", CLASS, in_month)
            except SealBroken:
                return False
        return True

    def _months(self, scene: Scene) -> set[str]:
        """Every month before this one that has a key."""
        with reading(scene.ground.folder) as connection:
            rows = connection.execute(
                "SELECT month FROM person_keys WHERE retention = ? AND month < ?",
                (CLASS, month(system_clock() - 40 * DAY)),
            ).fetchall()
        return {in_month for (in_month,) in rows}

    def _under_way(self, scene: Scene) -> set[str]:
        return self._entered(scene, "completed IS NULL")

    def _erased(self, scene: Scene) -> set[str]:
        return self._entered(scene, "1")

    def _entered(self, scene: Scene, which: str) -> set[str]:
        with reading(scene.ground.folder) as connection:
            rows = connection.execute(
                f"SELECT month FROM erasures WHERE {which}"  # noqa: S608 our own condition
            ).fetchall()
        return {in_month for (in_month,) in rows}


def _call(
    scene: Scene,
    method: str,
    path: str,
    token: str,
    body: Json = None,
    *,
    allowed: frozenset[int] | set[int] = frozenset({200}),
) -> dict[str, object]:
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = b"" if body is None else canonical(body)
    answer: Answer = scene.hub.http(method, path, headers, data)
    if answer.status == 503:
        raise ConnectionAbortedError
    assert answer.status in allowed, f"{method} {path}: {answer.status} {answer.body[:300]!r}"
    told = json.loads(answer.body)
    assert isinstance(told, dict)
    return told
