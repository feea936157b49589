"""1,000 rules and 200 services: a case is decided, asked for and entered in under 50 ms."""

import time
from statistics import median

from world.casework import RULES_TOML, SERVICE_TOML, Casework
from world.time import DAY
from world.town import ADMINISTRATOR

from hub.cases import register

SERVICES, SETS = 199, 4
MATERIALS = ("identity", "lease", "sketch", "promise", "named")


def ways(code: str, service: str, material: str) -> str:
    return f"""
[[rules]]
code = "{code}"
version = 1
service = "{service}"
material = "{material}"
basis = "《国务院关于在线政务服务的若干规定》第七条"

[[rules.ways]]
way = "lookup"
dataset = "resident"
items = ["name", "sex"]

[[rules.ways]]
way = "material"
"""


def fill(desk: Casework) -> int:
    """Register everything; gives how many rules there are."""
    changes = desk.world.hub.changes
    names = [f"many{number}" for number in range(SERVICES)]
    listed = [
        SERVICE_TOML.replace('code = "lease_record"', f'code = "{name}"', 1)
        .replace("0131023000", f"{number:010d}")
        .encode()
        for number, name in enumerate(names, 1)
    ]
    register.put_services(changes, ADMINISTRATOR, listed, of=None)
    rules = 0
    for number in range(SETS):
        text = f'code = "set{number}"\nversion = 1\n'
        for name in names[number::SETS]:
            for material in MATERIALS:
                text += ways(f"{name}_{material}", name, material)
                rules += 1
        register.put_rules(changes, ADMINISTRATOR, text.encode())
    return rules


def test_a_case_among_many_rules_is_opened_in_under_50_ms(desk: Casework) -> None:
    assert fill(desk) + RULES_TOML.count("[[rules]]") >= 1000
    desk.world.time.advance(DAY)
    desk.open()
    walls: list[float] = []
    worked: list[float] = []
    # Others may use this machine's disk and processors just now: the best is the one undisturbed.
    while len(walls) < 5 or (min(walls) >= 0.050 and len(walls) < 40):
        desk.world.time.advance(1000)
        body = desk.opening()
        before, busy = time.perf_counter(), time.process_time()
        answer = desk.signed("/v1/cases", body)
        walls.append(time.perf_counter() - before)
        worked.append(time.process_time() - busy)
        assert answer.status == 201
    print(f"best {min(walls) * 1000:.1f} ms, work {median(worked) * 1000:.1f} ms")  # noqa: T201 -s
    assert min(walls) < 0.050
    assert median(worked) < 0.050


def test_an_epoch_that_moves_makes_nothing_anew(desk: Casework) -> None:
    fill(desk)
    shelf = desk.world.hub.cases.shelf
    rules = shelf.current().rules
    desk.file()
    before = time.process_time()
    assert shelf.current().rules is rules
    assert time.process_time() - before < 0.050
