"""Publications one after another: each is whole or absent, whenever the hub is killed.

Every publication gives all residents another name, so that an answer tells which it was read from.
"""

import json
import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from http.client import HTTPException

from crash.activity import Scene
from crash.journal import Written
from crash.standing import reading
from publishing import as_chunks, resident_id
from world.asking import Answer
from world.town import SUBJECTS

from certs.canonical import canonical
from certs.encoding import b64u

DATASET = "resident"
PROVIDER = "psb"
COLUMNS = ("resident_id", "name", "sex", "birth_date", "status", "address")
OTHERS, CHUNK = 3000, 1000
PATIENCE = 60.0
LOOK = 0.05
SWEEP = 5.0
"""Seconds in which a job takes away what its publication has replaced."""
FOUNDED, FOUNDED_NAME = "resident-1", "张三丰"
"""The publication that a town is founded with."""
_DIGITS = "零一二三四五六七八九"
_RUNNING = frozenset({"receiving", "checking"})


class Publishing:
    """Publishes until the hub is gone, and then goes on with what was cut off."""

    span = 2.5

    def __init__(self) -> None:
        self._count = 0
        self._names = {FOUNDED: FOUNDED_NAME}
        """What residents are called in a publication, by its id."""
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._fault = ""
        self._checked = 0

    def start(self, scene: Scene) -> None:
        """Publish, again and again."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._publish_on, args=[scene], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive()

    def check(self, scene: Scene) -> list[str]:
        """Bring what was cut off to its end; each answer is of the publication that was live."""
        told = [self._fault] if self._fault else []
        self._fault = ""
        self._stopping = threading.Event()
        running = self._running(scene)
        if running is not None:
            state = self._conclude(scene, running)
            if state != "live" and not (state == "failed" and scene.errors):
                told.append(f"publication {running} ended {state}")
        told += self._mixed(scene)
        told += self._left_over(scene)
        return told

    def _publish_on(self, scene: Scene) -> None:
        try:
            while not self._stopping.is_set():
                self._conclude(scene, self._running(scene) or self._begin(scene))
        except (HTTPException, OSError):
            return
        except AssertionError as wrong:
            self._fault = str(wrong)

    def _begin(self, scene: Scene) -> str:
        self._count += 1
        body = {"columns": list(COLUMNS), "source_rows": len(SUBJECTS) + OTHERS}
        path = f"/v1/datasets/{DATASET}/publications"
        answer = _signed(scene, "POST", path, canonical(body))
        if answer.status == 503:
            raise ConnectionAbortedError
        assert answer.status == 201, answer.body
        publication = str(answer.document["publication"])
        self._names[publication] = self._name
        return publication

    @property
    def _name(self) -> str:
        return "王" + "".join(_DIGITS[int(digit)] for digit in str(self._count))

    def _conclude(self, scene: Scene, publication: str) -> str:
        """Send what is lacking, and wait for the end; gives the last state."""
        whole = sha256()
        chunks = as_chunks(_rows(self._names[publication]), CHUNK)
        deadline = time.monotonic() + PATIENCE
        state = self._state(scene, publication)
        if state == "receiving":
            for number, chunk in enumerate(chunks):
                path = f"/v1/publications/{publication}/chunks/{number}"
                _accepted(_signed(scene, "PUT", path, chunk, content_type="text/csv"))
                whole.update(sha256(chunk).digest())
            body = {"chunks": len(chunks), "digest": b64u(whole.digest())}
            path = f"/v1/publications/{publication}/complete"
            _accepted(_signed(scene, "POST", path, canonical(body)))
        while (state := self._state(scene, publication)) in _RUNNING:
            if self._stopping.wait(LOOK) or time.monotonic() > deadline:
                break
        return state

    def _state(self, scene: Scene, publication: str) -> str:
        answer = _signed(scene, "GET", f"/v1/publications/{publication}")
        _accepted(answer)
        return str(answer.document["state"])

    def _running(self, scene: Scene) -> str | None:
        """What was cut off; its id may have been lost with the answer."""
        with reading(scene.ground.folder) as connection:
            rows = connection.execute(
                "SELECT id FROM publications WHERE dataset = ? AND state IN ('receiving',"
                " 'checking')",
                (DATASET,),
            ).fetchall()
        assert len(rows) <= 1
        if not rows:
            return None
        publication: str = rows[0][0]
        self._names.setdefault(publication, self._name)
        return publication

    def _mixed(self, scene: Scene) -> list[str]:
        """Answers that were not read from what was live at their place in the log."""
        with reading(scene.ground.folder) as connection:
            entries = connection.execute(
                "SELECT position, control FROM entries WHERE instr(leaf, ?) ORDER BY position DESC",
                (b'"kind":"publication"',),
            ).fetchall()
        lives: list[tuple[int, str | None]] = []
        for position, control in entries:
            state = json.loads(control)["state"]
            if state["dataset"].endswith(f":{DATASET}"):
                lives.append((position, self._names.get(state["publication"])))
        new: Sequence[Written] = scene.journals.receipts[self._checked :]
        self._checked += len(new)
        told: list[str] = []
        for receipt in new:
            name = next(name for position, name in lives if position < receipt.position)
            if receipt.name is not None and name is not None and receipt.name != name:
                told.append(f"{receipt.position} was read from another publication than was live")
        return told

    def _left_over(self, scene: Scene) -> list[str]:
        """Files of generations that nothing points to, and that do not go soon."""
        deadline = time.monotonic() + SWEEP
        while (names := self._unneeded(scene)) and time.monotonic() < deadline:
            self._stopping.wait(LOOK)
        return [f"{name} is left over" for name in names]

    def _unneeded(self, scene: Scene) -> list[str]:
        with reading(scene.ground.folder) as connection:
            standing = {
                name
                for (name,) in connection.execute(
                    "SELECT name FROM generations WHERE state <> 'retired'"
                )
            }
        files = (scene.ground.folder / "records").glob("*.db")
        return [path.name for path in files if path.stem not in standing]


def _signed(
    scene: Scene, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
) -> Answer:
    gateway = scene.gateway(PROVIDER)
    return scene.call(gateway.sign(method, path, body, content_type=content_type))


def _accepted(answer: Answer) -> None:
    if answer.status == 503:
        raise ConnectionAbortedError
    assert answer.status < 300, answer.body


def _rows(name: str) -> list[list[str]]:
    numbers = [*SUBJECTS, *(resident_id(number) for number in range(OTHERS))]
    return [[number, name, "1", _born(number), "1", "云南省玉溪市"] for number in numbers]


def _born(number: str) -> str:
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
