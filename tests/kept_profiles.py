"""Profiles and findings of a made-up year, for the pages that show them."""

import json
import os
from dataclasses import replace

from catalog.definition import Dataset, bundled
from catalog.finding import Finding
from certs.canonical import Json, canonical
from hub.clock import DAY
from hub.ledger.change import HUB
from hub.publish.quality.kept import keep
from hub.publish.quality.profile import ItemProfile, Profile
from hub.runtime import Hub
from hub.storage.tables import ProfileRow, PublicationRow

NEWEST = "p-0123456789abcde9"
FINDINGS = (
    Finding(
        kind="empty-share",
        severity="hold",
        item="address",
        rule="address_known",
        facts={"now": 1_832, "limit": 1_000},
    ),
    Finding(kind="empties-up", severity="warn", item="address", facts={"was": 310, "now": 1_832}),
    Finding(
        kind="shape-new", severity="warn", item="household_no", facts={"shape": "9+-A+", "now": 742}
    ),
    Finding(
        kind="rule-not-before",
        severity="warn",
        item="deceased_on",
        rule="deceased_after_birth",
        facts={"rows": 1_204, "fate": "rejected", "other": "birth_date"},
    ),
    Finding(
        kind="not-checked",
        severity="info",
        item="employer_uscc",
        rule="employer_registered",
        facts={"dataset": "legal_entity", "why": "no-generation"},
    ),
)
_PLAIN = ItemProfile(
    empty=0,
    faulty=0,
    unlisted=None,
    warned=0,
    distinct=9,
    exact=True,
    lengths=None,
    shapes=(),
    other=0,
)
_ITEMS = {
    "resident_id": {"distinct": 128_377, "exact": False, "lengths": (18, 18, 18), "faulty": 412},
    "name": {"distinct": 61_204, "exact": False, "lengths": (2, 15, 3), "warned": 31},
    "former_name": {"empty": 121_877, "distinct": 6_021, "exact": False, "lengths": (2, 4, 3)},
    "sex": {"unlisted": 0, "distinct": 2},
    "ethnicity": {"unlisted": 3_120, "faulty": 3_120, "distinct": 24},
    "birth_date": {"distinct": 29_004, "exact": False},
    "address": {"empty": 23_523, "distinct": 40_119, "exact": False, "lengths": (6, 61, 22)},
}
_SHAPES = {
    "resident_id": ((("9+", 116_702), ("9+A", 11_288)), 0),
    "name": ((("汉+", 127_301), ("汉+□汉+", 412), ("A+ A+", 77)), 31),
    "former_name": ((("汉+", 6_512),), 13),
    "birth_date": ((("1960s", 31_205), ("1970s", 30_114), ("1980s", 28_977)), 37_672),
    "household_no": ((("9+", 101_332), ("9+-A+", 8_120)), 12),
    "address": ((("汉+9+汉", 51_022), ("汉+", 30_127), ("汉+9+汉9+汉", 12_004)), 11_730),
}


def year_of_profiles(hub: Hub, dataset: str = "resident") -> None:
    """Ten publications a month apart, the newest of them held for its empties."""
    for month in range(10):
        publication = f"p-0123456789abcde{month}"
        rows = 121_000 + 800 * month + (13 * month) % 7
        part = 310 + 20 * month if month < 9 else 1_832
        found = FINDINGS if month == 9 else FINDINGS[-1:]
        with hub.changes.change(HUB, moves_epoch=False) as change:
            change.session.add(_publication(publication, dataset, rows, month, found))
            change.session.flush()
            keep(change, publication, dataset, _profile(bundled()[dataset], rows, part))
        with hub.changes.change(HUB, moves_epoch=False) as change:
            row = change.session.get(ProfileRow, publication)
            assert row is not None
            row.time -= (9 - month) * 30 * DAY
            change.session.add(row)


def _publication(
    publication: str, dataset: str, rows: int, month: int, found: tuple[Finding, ...]
) -> PublicationRow:
    rejected: dict[str, Json] = {"check-digit": 412, "code": 3_120, "rule-not-before": 1_204}
    report: dict[str, Json] = {
        "read": rows,
        "accepted": rows - 4_736,
        "warned": 31,
        "identical": 0,
        "rejected": rejected,
        "standing": rows - 800,
        "why_held": ["empty-share"] if month == 9 else [],
        "findings": [finding.to_json() for finding in found],
    }
    return PublicationRow(
        id=publication,
        dataset=dataset,
        connector="urn:yifen:connector:demo.yifen:psb:main",
        keyid="",
        columns="resident_id name",
        key=os.urandom(32),
        state="held" if month == 9 else "live",
        created=1_790_000_000_000 + month,
        done=rows,
        total=rows,
        report=json.dumps(json.loads(canonical(report))),
    )


def _profile(dataset: Dataset, rows: int, part: int) -> Profile:
    items = {}
    for item in dataset.items:
        shapes, other = _SHAPES.get(item.code, ((), 0))
        profile = replace(_PLAIN, **_ITEMS.get(item.code, {}), shapes=shapes, other=other)
        if item.code == "address":
            profile = replace(profile, empty=rows * part // 10_000)
        items[item.code] = profile
    return Profile("full", rows, 6_013, items)
