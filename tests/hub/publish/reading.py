"""Reads every holder of a dataset again and again, as a lookup does, until it is told to stop.

    python reading.py FOLDER DATASET HOLDERS

Each round is one line: the versions that the pointer named before and after, and how many rows of
each note were found. Ends with its input.
"""

import json
import sys
import threading
from pathlib import Path

from publishing import resident_id

from certs.sealing import MasterKey
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.generation import GenerationKeys, GenerationReader
from hub.storage.sqlite import Connection, connect


def version(control: Connection, dataset: str) -> tuple[str, int]:
    """What is live."""
    row: tuple[str, int] = control.execute(
        "SELECT generation, version FROM datasets WHERE code = ?", (dataset,)
    ).fetchone()
    return row


def main(root: str, dataset: str, holders: str) -> None:
    """Read until the input ends."""
    folder = Folder(Path(root))
    settings = load(folder.settings)
    control = connect(folder.control)
    name, _ = version(control, dataset)
    (wrapped,) = control.execute("SELECT keys FROM generations WHERE name = ?", (name,)).fetchone()
    full = settings.full(dataset)
    keys = GenerationKeys.unwrap(MasterKey.load(settings.master_key), wrapped, full, name)
    # Open all the time, as a hub's own readers are.
    reader = GenerationReader(folder.generation(name), full, name, keys)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set():
        before = version(control, dataset)[1]
        found: dict[str, int] = {}
        for holder in range(int(holders)):
            for _, _, note in reader.read(resident_id(holder), before):
                found[note] = found.get(note, 0) + 1
        after = version(control, dataset)[1]
        sys.stdout.write(json.dumps([before, after, found]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
