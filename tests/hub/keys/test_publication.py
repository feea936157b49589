"""A publication under way while the master key is replaced is finished under the new one."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from publishing import as_chunks
from world.serving import Served, serving
from world.town import ADMINISTRATOR, SUBJECTS, Town

from certs.canonical import canonical
from certs.encoding import b64u, sha256
from certs.sealing import MasterKey
from hub.clock import system_clock
from hub.keys.master import waiting_file
from hub.ops.keys import at_the_folder
from hub.runtime import open_hub
from hub.storage.sqlite import connect

COLUMNS = ("resident_id", "name", "sex", "birth_date", "status", "address")
PATIENCE = 30.0


def rows(numbers: tuple[str, ...]) -> list[list[str]]:
    return [[one, "李四", "1", "1990-01-01", "1", "云南省玉溪市"] for one in numbers]


def until(met: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.05)


def rotate(served: Served, place: Path) -> str:
    path = served.folder / "keys" / "master.key"
    with at_the_folder(served.folder, system_clock) as operator:
        name, _ = operator.new_master()
        shutil.copyfile(waiting_file(path), place / "copy")
        operator.confirm_copy(place / "copy")
    # As another worker of the same hub does it; the publication's job is a third process.
    hub = open_hub(served.folder)
    hub.keys.replacing.rotate(ADMINISTRATOR, name)
    hub.close()
    return name


def test_a_job_follows_the_master_key(town_today: Town, tmp_path: Path) -> None:
    with serving(town_today, tmp_path / "hub") as served:
        gateway = served.gateway("psb")

        def send(
            method: str, path: str, body: bytes, kind: str = "application/json"
        ) -> dict[str, object]:
            answer = served.call(gateway.sign(method, path, body, content_type=kind))
            assert answer.status < 300, answer.body
            return dict(answer.document) if answer.body else {}

        begun = send(
            "POST",
            "/v1/datasets/resident/publications",
            canonical({"columns": list(COLUMNS), "source_rows": len(SUBJECTS)}),
        )
        base = f"/v1/publications/{begun['publication']}"
        chunks = list(as_chunks(rows(SUBJECTS), 10))
        assert len(chunks) == 2
        send("PUT", f"{base}/chunks/0", chunks[0], "text/csv")
        connection = connect(served.folder / "control.db")

        def generation() -> str | None:
            row = connection.execute(
                "SELECT generation FROM publications WHERE id = ?", (begun["publication"],)
            ).fetchone()
            found: str | None = row[0]
            return found

        # The job has begun under the old key: its generation's keys are wrapped by it.
        until(generation, "the job does not begin")
        name = rotate(served, tmp_path)
        send("PUT", f"{base}/chunks/1", chunks[1], "text/csv")
        digest = b64u(sha256(b"".join(sha256(chunk) for chunk in chunks)))
        send("POST", f"{base}/complete", canonical({"chunks": 2, "digest": digest}))
        told: dict[str, object] = {}

        def live() -> bool:
            told.update(served.call(gateway.sign("GET", base)).document)
            return told["state"] not in {"receiving", "checking"}

        until(live, "the job does not end")
        assert told["state"] == "live", told
        asked = served.gateway("nrb").lookup()
        assert served.call(asked).items["name"] == "李四"
        key = MasterKey.load(served.folder / "keys" / "master.key")
        assert key.fingerprint == name
        for publication, blob in connection.execute("SELECT id, key FROM publications"):
            if blob:
                key.unwrap(blob, f"publication/{publication}")
        for generation, dataset, blob in connection.execute(
            "SELECT name, dataset, keys FROM generations"
        ):
            key.unwrap(blob, f"generation/demo.yifen:{dataset}/{generation}")
        connection.close()
