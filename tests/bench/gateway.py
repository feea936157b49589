"""What a gateway adds to an answer: ``python tests/bench/gateway.py [QUESTIONS] [AT-ONCE …]``.

Own time is the total less the time in which the gateway waited for the hub, as its
``Server-Timing`` header says. It is shown twice: as the gateway sees it, and as the calling system
does, with its own side of the connection and the loopback in it. Hub, gateway and callers share the
machine, so figures with many at once are those of all three together. ``verify_us`` and ``sync_ms``
are what one P-256 verification and one sync of 8 KiB cost on the same machine in the same minute:
an answer has two verifications and a signature in it, and waits for two syncs.
"""

import json
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

_HERE = Path(__file__).resolve()
sys.path[:0] = [str(_HERE.parents[1]), str(_HERE.parents[2])]

from world.department import Bureau, enrolled, inviting, question  # noqa: E402 the path is set above
from world.town import found_town  # noqa: E402 the same

from certs.keys import generate  # noqa: E402 the same

QUESTIONS = 1000
WARM = 100
DURATION = re.compile(r"(total|hub);dur=([0-9.]+)")


def ask(bureau: Bureau, times: int, inside: list[float], outside: list[float]) -> None:
    """One calling system with one connection; seconds of own time go into the lists."""
    connection = bureau.gate.connect()
    for _ in range(times):
        begun = time.perf_counter()
        reply = bureau.gate.ask(question(), connection=connection)
        total = time.perf_counter() - begun
        assert reply.status == 200, reply.body
        told = {
            name: float(ms) / 1000 for name, ms in DURATION.findall(reply.headers["server-timing"])
        }
        inside.append(told["total"] - told["hub"])
        outside.append(total - told["hub"])
    connection.close()


def processor(bureau: Bureau) -> float:
    """Seconds of processor time that the gateway has used; 0 where nobody tells."""
    assert bureau.gate.process is not None
    file = Path(f"/proc/{bureau.gate.process.pid}/stat")
    if not file.exists():
        return 0.0
    user, system = file.read_text("ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def floor(place: Path) -> dict[str, float]:
    """What the machine takes for the parts that nothing can go below, medians."""
    key, data = generate(), os.urandom(200)
    signature = key.sign(data)
    verified = [timed(lambda: key.public.verify(signature, data)) for _ in range(200)]
    with (place / "synced").open("wb", buffering=0) as file:

        def sync() -> None:
            file.write(bytes(8192))
            os.fsync(file.fileno())

        synced = [timed(sync) for _ in range(200)]
    return {
        "verify_us": round(statistics.median(verified) * 1e6, 1),
        "sync_ms": round(statistics.median(synced) * 1000, 3),
    }


def timed(run: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def measure(bureau: Bureau, questions: int, at_once: int) -> dict[str, float | int]:
    """Milliseconds of own time with so many callers at once, and questions a second."""
    inside: list[float] = []
    outside: list[float] = []
    each = questions // at_once
    threads = [
        threading.Thread(target=ask, args=(bureau, each, inside, outside)) for _ in range(at_once)
    ]
    begun, used = time.perf_counter(), processor(bureau)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    told: dict[str, float | int] = {
        "at_once": at_once,
        "a_second": round(len(inside) / took),
        "processor_ms": (processor(bureau) - used) * 1000 / len(inside),
    }
    for name, values in (("inside", inside), ("outside", outside)):
        cuts = statistics.quantiles(values, n=100)
        told |= {f"{name}_p50_ms": cuts[49] * 1000, f"{name}_p99_ms": cuts[98] * 1000}
    return {name: round(value, 3) for name, value in told.items()}


def main() -> None:
    """Found a town, serve it, enrol a department, ask."""
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    with tempfile.TemporaryDirectory(prefix="yifen-gateway-") as place:
        town = found_town(Path(place) / "town", time.time_ns() // 1_000_000)
        with (
            inviting(town, Path(place) / "hub") as invited,
            enrolled(invited, Path(place) / "home") as bureau,
        ):
            bureau.gate.configure(questions=256)
            bureau.gate.start()
            measure(bureau, WARM, 1)
            for at_once in [int(word) for word in sys.argv[2:]] or [1, 8]:
                told = measure(bureau, questions, at_once) | floor(Path(place))
                sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
