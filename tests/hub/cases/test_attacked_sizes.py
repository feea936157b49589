"""Attacks on cases by size and shape: nothing is asked and nothing entered for what is too much."""

import pytest
from world.asking import Members
from world.casework import SERVICE_TOML, Casework
from world.town import ADMINISTRATOR

from hub.cases import register as services


def test_a_case_of_very_many_materials_is_refused_before_anything_is_asked(desk: Casework) -> None:
    head, *materials = SERVICE_TOML.split("[[materials]]")
    many = "".join(
        f"[[materials]]{materials[2]}".replace('"sketch"', f'"sketch{number}"')
        for number in range(700)
    )
    codes = [f"many{number}" for number in range(2)]
    listed = [
        (head + many)
        .replace('code = "lease_record"', f'code = "{code}"', 1)
        .replace("0131023000", f"{number:010d}")
        .encode()
        for number, code in enumerate(codes, 1)
    ]
    services.put_services(desk.world.hub.changes, ADMINISTRATOR, listed, of=None)
    before = desk.world.entries()
    answer = desk.signed("/v1/cases", desk.opening(services=codes))
    assert answer.document["facts"] == {"why": "too-many-materials"}
    assert desk.world.entries() == before


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"services": [f"s{number}" for number in range(21)]}, "services"),
        ({"parties": {f"p{number}": None for number in range(41)}}, "parties"),
        ({"given": {f"f{number}": "x" for number in range(401)}}, "given"),
        ({"given": {"name": "x" * 4001}}, "given.name"),
        ({"case": "x" * 129}, "case"),
        ({"case": "a\nb"}, "case"),
        ({"officer": ""}, "officer"),
        ({"given": {"name": {"a": "b"}}}, "given.name"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_too_much_or_ill_shaped_is_refused(
    desk: Casework, members: Members, told: str
) -> None:
    before = desk.world.entries()
    answer = desk.signed("/v1/cases", desk.opening(**members))
    assert (answer.status, answer.document["facts"]) == (422, {"why": f"member {told}"})
    assert desk.world.entries() == before
