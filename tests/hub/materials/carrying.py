"""A connector as a process of its own: files and views one material, and tells its own memory.

    python carrying.py HOME FILE OUT HOLDER

The answer is one line of JSON: bytes at rest, at the highest while filing, and while viewing.
"""

import json
import sys
from pathlib import Path

from connectors.client import Connector

LEASE = "material_lease"


def memory(name: str) -> int:
    """A figure of ``/proc/self/status`` in bytes."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def main(home: str, file: str, out: str, holder: str, purpose: str) -> None:
    with Connector.open(Path(home)) as connector:
        connector.grants()
        at_rest = memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", "ascii")
        ended = connector.file(LEASE, "resident_id", holder, Path(file), {})
        assert ended.material is not None, ended
        filing = memory("VmHWM")
        view = connector.view(
            LEASE,
            "resident_id",
            holder,
            material=ended.material,
            purpose=purpose,
            officer="nrb.officer",
        )
        Path("/proc/self/clear_refs").write_text("5", "ascii")
        connector.fetch(view, Path(out))
        sys.stdout.write(json.dumps([at_rest, filing, memory("VmHWM")]))


if __name__ == "__main__":
    main(*sys.argv[1:])
