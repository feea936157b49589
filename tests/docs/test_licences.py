"""docs/licences.md says of states, statuses, keys and bounds what the code does."""

import re

from documents import ROOT

from catalog.licences.licence_type import LicenceType
from catalog.licences.status import LIST_STATUS, Status, acts
from certs.disclosures import MAX_DEPTH, MAX_DISCLOSURE, MAX_DISCLOSURES
from certs.sd_jwt import TOKEN_LIMIT
from certs.status_list import MAX_BYTES

TEXT = (ROOT / "docs" / "licences.md").read_text("utf-8")


def section(heading: str) -> str:
    return TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_every_state_with_what_may_be_done() -> None:
    told: dict[str, set[str]] = {}
    for codes, _, words in re.findall(
        r"^\| ([0-9, ]+) \| (.+?) \| (.+) \|$", section("States"), re.MULTILINE
    ):
        for code in codes.split(", "):
            told[code] = set(re.findall(r"[a-z]+", words))
    named = {code: {str(act) for act in acts(Status(code))} for code in told}
    assert set(told) == set(Status)
    for code in set(told) - {"99"}:
        assert (
            told[code] & {str(act) for act in acts(Status.IN_FORCE)}
            | (told[code] & {"resume", "reinstate"})
            == named[code]
        )
    assert named["99"] == named["01"] - {"other"} | {"resume"}


def test_what_a_status_list_tells() -> None:
    told = dict(re.findall(r"^\| ([0-3]) \| (.+) \|$", section("A credential"), re.MULTILINE))
    for value, words in told.items():
        titles = {title.partition(",")[0] for title in words.split(", ")}
        listed = {one.label.zh for one, status in LIST_STATUS.items() if status == int(value)}
        assert titles == listed
    assert set(told) == {"0", "1", "2", "3"}


def test_keys_of_a_type() -> None:
    told = set(
        re.findall(
            r"`([a-z_]+)`(?=[^|]*\|)",
            "\n".join(
                line.split("|")[1] + "|"
                for line in section("A type").splitlines()
                if line.startswith("| `")
            ),
        )
    )
    assert told == set(LicenceType.model_fields)


def test_bounds() -> None:
    bounds = section("A credential").partition("Bounds:")[2]
    assert f"{TOKEN_LIMIT:,} characters" in bounds
    assert f"{MAX_DISCLOSURES:,} disclosures of {MAX_DISCLOSURE:,} characters" in bounds
    assert f"{MAX_DEPTH} levels" in bounds
    assert f"{MAX_BYTES >> 20} MiB" in bounds
