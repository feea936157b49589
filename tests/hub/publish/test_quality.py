"""Rules, cross-checks and outliers in whole publications, by real jobs."""

import json
from collections.abc import Sequence

import pytest
from plaintext import Plaintext
from publishing import (
    COLUMNS,
    DEPARTMENT,
    PATIENCE,
    STEWARD,
    SmallHub,
    as_chunks,
    resident_id,
    residents,
)
from world.on_record import ON_RECORD

from catalog.definition import load
from catalog.finding import Finding, finding_words
from catalog.messages import LANGUAGES
from catalog.purposes import Purpose
from certs.canonical import Json
from certs.encoding import b64u, sha256
from hub.access import departments
from hub.access import grants as given
from hub.access.grant import Terms
from hub.access.purposes import register
from hub.catalogue import datasets
from hub.ledger.change import OPERATOR
from hub.publish.checker import Checker
from hub.publish.quality import breaches, kept
from hub.publish.quality.kept import Checked

FEES = """
code = "fee"
title_zh = "收费"
title_en = "Fees"
summary_zh = "收费"
summary_en = "Fees"
family = "credit"
sharing = 1
methods = ["service"]
conditions_zh = ""
conditions_en = ""
format = 3
cycle = 2
level = 1
level_scheme = "四级"
legal_basis = "试"
subject = "payer"
row_key = ["no"]
cardinality = "many"
[[items]]
code = "no"
title_zh = "编号"
title_en = "Number"
type = "text"
sensitivity = 1
required = true
[[items]]
code = "payer"
title_zh = "缴费人"
title_en = "Payer"
type = "identifier:resident_id"
sensitivity = 3
required = true
[[items]]
code = "slip"
title_zh = "票号"
title_en = "Slip"
type = "text"
sensitivity = 1
[[items]]
code = "base"
title_zh = "基本费"
title_en = "Base"
type = "decimal"
sensitivity = 1
[[items]]
code = "extra"
title_zh = "附加费"
title_en = "Extra"
type = "decimal"
sensitivity = 1
[[items]]
code = "total"
title_zh = "合计"
title_en = "Total"
type = "decimal"
sensitivity = 1
[[items]]
code = "from_day"
title_zh = "起始日期"
title_en = "From"
type = "date"
sensitivity = 1
[[items]]
code = "to_day"
title_zh = "截止日期"
title_en = "To"
type = "date"
sensitivity = 1
[[items]]
code = "kind"
title_zh = "类别"
title_en = "Kind"
type = "code"
sensitivity = 1
[items.codes]
1 = { zh = "一般", en = "Ordinary" }
9 = { zh = "其他", en = "Other" }
[[items]]
code = "note"
title_zh = "说明"
title_en = "Note"
type = "text"
sensitivity = 1
"""
FEE_COLUMNS = (
    "no", "payer", "slip", "base", "extra", "total", "from_day", "to_day", "kind", "note"
)  # fmt: skip
RULES = {
    "required-if": 'item = "note"\nwhen = "kind"\nvalues = ["9"]',
    "not-before": 'item = "to_day"\nthan = "from_day"',
    "range": 'item = "base"\nmin = 0\nmax = "1000.5"',
    "sum": 'item = "total"\nof = ["base", "extra"]\ntolerance = "0.01"',
    "unique": 'item = "slip"',
    "exists": 'item = "payer"\ndatasets = ["resident"]',
}
BREAKING = {
    "required-if": [{"kind": "9"}, {"kind": "其他", "note": "　"}],
    "not-before": [{"from_day": "2026-01-02", "to_day": "2026-01-01"}],
    "range": [{"base": "-0.01"}, {"base": "1000.51"}],
    "sum": [{"base": "1", "extra": "2", "total": "3.02"}, {"total": "1"}],
    "unique": [{"slip": "S-1"}, {"slip": "S-2"}],
    "exists": [{"payer": resident_id(900)}],
}
"""Rows that break a rule; the two slips are those of rows 1 and 2."""
KEEPING: dict[str, list[dict[str, str]]] = {
    "required-if": [{"kind": "9", "note": "x"}, {"kind": "1"}, {"note": "x"}],
    "not-before": [{"from_day": "2026-01-01", "to_day": "2026/1/1"}, {"to_day": "1999-01-01"}],
    "range": [{"base": "0"}, {"base": "1000.50"}, {"base": ""}],
    "sum": [{"base": "1", "extra": "2", "total": "3.01"}, {"base": "1"}, {"extra": "1"}],
    "unique": [{"slip": ""}, {"slip": ""}, {"slip": "S-77"}],
    "exists": [{"payer": resident_id(3)}, {"payer": "　" + resident_id(4).lower()}],
}


def register_fees(small: SmallHub, *rules: str, quality: str = "") -> None:
    tables = "".join(f"\n[[rules]]\n{rule}\n" for rule in rules)
    datasets.register(
        small.changes, OPERATOR, DEPARTMENT, (FEES + quality + tables).encode(), ON_RECORD
    )


def rule(kind: str, severity: str = "warn") -> str:
    return f'kind = "{kind}"\ncode = "the_rule"\nseverity = "{severity}"\n{RULES[kind]}'


def fee(number: int, **items: str) -> list[str]:
    row = {"no": f"N{number}", "payer": resident_id(number % 50), "slip": f"S-{number}", **items}
    return [row.get(code, "") for code in FEE_COLUMNS]


def fees(count: int, **items: str) -> list[list[str]]:
    return [fee(number, **items) for number in range(1, count + 1)]


def findings(small: SmallHub, publication: str) -> list[Finding]:
    told = small.report(publication)["findings"]
    assert isinstance(told, list)
    return [Finding.model_validate(one) for one in told]


def kinds(small: SmallHub, publication: str) -> list[tuple[str, str, str]]:
    return [(one.severity, one.kind, one.item) for one in findings(small, publication)]


def checked(small: SmallHub, publication: str) -> Checked:
    found = kept.checked(small.store.connection, publication)
    assert found is not None
    return found


def warnings(small: SmallHub, publication: str) -> list[dict[str, Json]]:
    return small.publications.rejections(
        publication, 0, 10**6, department=DEPARTMENT, warnings=True
    )


def rows_for(kind: str) -> tuple[list[list[str]], list[int]]:
    """Forty rows, then those that keep the rule and those that break it; whom that concerns."""
    rows = fees(40)
    rows += [fee(100 + at, **items) for at, items in enumerate(KEEPING[kind])]
    first = len(rows) + 1
    rows += [fee(200 + at, **items) for at, items in enumerate(BREAKING[kind])]
    return rows, [*range(first, len(rows) + 1)]


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_that_warns_lists_its_rows_and_lets_them_stand(small: SmallHub, kind: str) -> None:
    small.publish("resident", COLUMNS, residents(50))
    register_fees(small, rule(kind))
    rows, broken = rows_for(kind)
    # What must be unique is broken on both sides.
    listed = [1, 2, *broken] if kind == "unique" else broken
    publication = small.publish("fee", FEE_COLUMNS, rows, size=16)
    report = small.report(publication)
    assert (small.status(publication)["state"], report["rejected"]) == ("live", {})
    assert (report["accepted"], report["warned"]) == (len(rows), len(listed))
    (found,) = findings(small, publication)
    assert (found.kind, found.severity, found.rule) == (f"rule-{kind}", "warn", "the_rule")
    assert (found.facts["rows"], found.facts["fate"]) == (len(listed), "standing")
    item = RULES[kind].split('"')[1]
    expected = {"item": item, "reason": f"rule-{kind}", "severity": "warn"}
    assert warnings(small, publication) == [{"row": row, **expected} for row in listed]
    assert small.rejections(publication) == []


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_that_rejects_keeps_its_rows_out(small: SmallHub, kind: str) -> None:
    small.publish("resident", COLUMNS, residents(50))
    register_fees(small, rule(kind, "reject"), quality="[quality]\nmax_rejected = 50\n")
    rows, broken = rows_for(kind)
    out = [1, 2, *broken] if kind == "unique" else broken
    publication = small.publish("fee", FEE_COLUMNS, rows, size=16)
    report = small.report(publication)
    assert (small.status(publication)["state"], report["rejected"]) == (
        "live",
        {f"rule-{kind}": len(out)},
    )
    assert (report["accepted"], report["warned"]) == (len(rows) - len(out), 0)
    assert [line["row"] for line in small.rejections(publication)] == out
    assert {line["reason"] for line in small.rejections(publication)} == {f"rule-{kind}"}
    assert warnings(small, publication) == []
    (found,) = findings(small, publication)
    assert (found.facts["rows"], found.facts["fate"]) == (len(out), "rejected")


def test_a_row_with_a_bad_value_is_asked_no_rule(small: SmallHub) -> None:
    register_fees(small, rule("range"), 'kind = "sum"\ncode = "other"\n' + RULES["sum"])
    rows = [*fees(40), fee(41, base="-5", total="1", from_day="nonsense"), fee(42, base="-5")]
    publication = small.publish("fee", FEE_COLUMNS, rows)
    assert small.rejections(publication) == [{"row": 41, "item": "from_day", "reason": "date"}]
    assert [line["row"] for line in warnings(small, publication)] == [42]
    assert [one.facts["rows"] for one in findings(small, publication)] == [1]


def test_a_row_that_says_the_same_again_shares_nothing_that_is_unique(small: SmallHub) -> None:
    register_fees(small, rule("unique", "reject"))
    publication = small.publish("fee", FEE_COLUMNS, [*fees(40), *fees(3)])
    assert small.report(publication)["identical"] == 3
    assert small.report(publication)["rejected"] == {}


def test_today_is_the_day_in_beijing_on_which_it_began(small: SmallHub) -> None:
    register_fees(small, 'kind = "range"\ncode = "by_today"\nitem = "from_day"\nmax = "today"')
    publication = small.begin("fee", FEE_COLUMNS)
    began = 1_893_427_200_000  # 2030-01-01 00:00 in Beijing, still 2029 in UTC
    small.store.connection.execute("UPDATE publications SET created = ?", (began,))
    rows = [*fees(40, from_day="2030-01-01"), fee(41, from_day="2030-01-02")]
    small.complete(publication, as_chunks(rows))
    small.publications.wait(publication, PATIENCE)
    assert [line["row"] for line in warnings(small, publication)] == [41]


def test_values_of_another_dataset_are_asked_for_in_what_is_live_of_it(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(50))
    register_fees(small, rule("exists"))
    rows = [fee(n, payer=resident_id(n % 60)) for n in range(240)]
    absent = [n + 1 for n in range(240) if n % 60 >= 50]
    first = small.publish("fee", FEE_COLUMNS, rows, size=40)
    assert [line["row"] for line in warnings(small, first)] == absent

    # Ten more are registered, the first five are gone.
    small.publish("resident", COLUMNS, residents(55, 5))
    second = small.publish("fee", FEE_COLUMNS, rows, size=40)
    gone = [n + 1 for n in range(240) if n % 60 < 5]
    assert [line["row"] for line in warnings(small, second)] == gone


def unasked(small: SmallHub, publication: str) -> dict[str, int | str]:
    (found,) = findings(small, publication)
    assert (found.kind, found.severity, found.item) == ("not-checked", "info", "payer")
    assert warnings(small, publication) == []
    return dict(found.facts)


def test_without_a_live_generation_it_is_told_that_nothing_was_checked(small: SmallHub) -> None:
    register_fees(small, rule("exists", "reject"))
    publication = small.publish("fee", FEE_COLUMNS, fees(40))
    assert unasked(small, publication) == {"dataset": "resident", "why": "no-generation"}
    assert small.report(publication)["accepted"] == 40


def test_a_dataset_that_is_not_there_is_told(small: SmallHub) -> None:
    register_fees(small, rule("exists").replace('["resident"]', '["nowhere"]'))
    publication = small.publish("fee", FEE_COLUMNS, fees(40))
    assert unasked(small, publication) == {"dataset": "nowhere", "why": "no-dataset"}


def test_a_dataset_about_others_is_told(small: SmallHub) -> None:
    small.publish("legal_entity", ["uscc", "name"], [["11100000MB0143028R", "甲"]])
    register_fees(small, rule("exists").replace('["resident"]', '["legal_entity"]'))
    publication = small.publish("fee", FEE_COLUMNS, fees(40))
    assert unasked(small, publication) == {"dataset": "legal_entity", "why": "other-kind"}


def test_a_suspended_dataset_is_not_asked(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(50))
    datasets.set_status(small.changes, OPERATOR, "resident", "suspended")
    register_fees(small, rule("exists"))
    publication = small.publish("fee", FEE_COLUMNS, fees(40))
    assert unasked(small, publication)["why"] == "dataset-suspended"


def terms(**changed: object) -> Terms:
    told: dict[str, object] = {
        "department": DEPARTMENT,
        "dataset": "register",
        "operations": ["verify"],
        "channels": ["connector"],
        "items": {"payer": "full"},
        "purposes": ["checking"],
        "valid_from": "2020-01-01T00:00:00.000Z",
        "valid_until": "2036-01-01T00:00:00.000Z",
    }
    return Terms.model_validate(told | changed)


@pytest.mark.parametrize(
    ("grant", "why"),
    [
        (None, "no-grant"),
        ({}, "no-grant"),
        ({"existence": True, "valid_until": "2021-01-01T00:00:00.000Z"}, "no-grant"),
        ({"existence": True, "department": "other"}, "no-grant"),
        ({"existence": True}, "no-generation"),
        ({"operations": ["lookup"]}, "no-generation"),
    ],
)
def test_attack_a_file_of_numbers_asks_another_department_who_is_registered(
    small: SmallHub, grant: dict[str, object] | None, why: str
) -> None:
    """Without a grant that tells existence, nothing is told of another department's register."""
    departments.admit(small.changes, OPERATOR, "other", "别的", "Other")
    register_text = FEES.replace('code = "fee"', 'code = "register"', 1)
    datasets.register(small.changes, OPERATOR, "tax", register_text.encode(), ON_RECORD)
    purpose = Purpose.model_validate(
        {
            "code": "checking",
            "kind": "statutory_duty",
            "title_zh": "核对",
            "title_en": "Checking",
            "legal_basis": "试行办法第一条",
        }
    )
    register(small.changes, OPERATOR, purpose)
    if grant is not None:
        given.issue(small.changes, OPERATOR, terms(**grant))
    register_fees(small, rule("exists").replace('["resident"]', '["register"]'))
    publication = small.publish("fee", FEE_COLUMNS, fees(40))
    assert unasked(small, publication) == {"dataset": "register", "why": why}


@pytest.mark.parametrize(
    ("empties", "state"), [(10, "live"), (11, "held")], ids=["at the limit", "above it"]
)
def test_too_many_empties_are_held(small: SmallHub, empties: int, state: str) -> None:
    register_fees(small, 'kind = "max-empty"\ncode = "noted"\nitem = "note"\npercent = 10')
    rows = [fee(n, note="" if n < empties else "x") for n in range(100)]
    publication = small.publish("fee", FEE_COLUMNS, rows)
    assert small.status(publication)["state"] == state
    held = state == "held"
    assert small.report(publication)["why_held"] == (["empty-share"] if held else [])
    assert kinds(small, publication) == ([("hold", "empty-share", "note")] if held else [])
    if held:
        small.publications.release(publication, STEWARD)
        assert small.status(publication)["state"] == "live"


def test_too_many_out_of_the_code_list_are_held(small: SmallHub) -> None:
    limit = 'kind = "max-unlisted"\ncode = "listed"\nitem = "kind"\npercent = 2'
    register_fees(small, limit, quality="[quality]\nmax_rejected = 50\n")
    rows = [fee(n, kind="7" if n < 3 else "1") for n in range(100)]
    publication = small.publish("fee", FEE_COLUMNS, rows)
    assert small.report(publication)["why_held"] == ["unlisted-share"]
    (found,) = findings(small, publication)
    assert found.facts == {"now": 300, "limit": 200}
    assert checked(small, publication).profile.items["kind"].unlisted == 3


@pytest.mark.parametrize(
    ("quality", "rows", "bad", "why"),
    [
        ("max_rejected = 1\n", 100, 1, []),
        ("max_rejected = 1\n", 100, 2, ["rejected-share"]),
        ("max_rejected = 0\n", 100, 1, ["rejected-share"]),
        ("max_drop = 3\n", 98, 0, []),
        ("max_drop = 3\n", 97, 0, ["fewer-rows"]),
        ("max_drop = 0\n", 100, 0, []),
        ("max_drop = 0\n", 99, 0, ["fewer-rows"]),
        ("max_drop = 100\n", 1, 0, []),
    ],
)
def test_a_dataset_says_what_it_bears(
    small: SmallHub, quality: str, rows: int, bad: int, why: list[str]
) -> None:
    register_fees(small, quality=f"[quality]\n{quality}")
    small.publish("fee", FEE_COLUMNS, fees(100))
    sent = [fee(n, base="x" if n < bad else "") for n in range(rows)]
    publication = small.publish("fee", FEE_COLUMNS, sent)
    assert small.report(publication)["why_held"] == why


def planted(count: int = 400) -> list[list[str]]:
    """Rows like last time's, but for what is planted in them."""
    return [
        fee(
            n,
            note="" if n % 4 else f"说明{n}",
            slip=f"S-{n}" if n % 10 else f"ab/{n}",
            base=str(n % 5),
            kind="1",
        )
        for n in range(count)
    ]


def test_outliers_against_the_last_live_publication(small: SmallHub) -> None:
    register_fees(small, quality="[quality]\nmax_rejected = 50\nmax_drop = 100\n")
    before = [
        fee(n, note=f"说明{n}", base=f"{n % 100}.5", kind="1" if n % 2 else "9") for n in range(400)
    ]
    first = small.publish("fee", FEE_COLUMNS, before)
    assert findings(small, first) == []
    same = small.publish("fee", FEE_COLUMNS, before)
    assert findings(small, same) == []

    rows = planted()
    for n in range(0, 400, 20):
        rows[n][FEE_COLUMNS.index("kind")] = "7"
    second = small.publish("fee", FEE_COLUMNS, rows)
    found = {(one.kind, one.item): dict(one.facts) for one in findings(small, second)}
    assert found == {
        ("empties-up", "note"): {"was": 0, "now": 7500},
        ("unlisted-up", "kind"): {"was": 0, "now": 500},
        ("distinct-down", "base"): {"before": 100, "after": 5},
        ("distinct-down", "note"): {"before": 400, "after": 100},
        ("shape-new", "slip"): {"shape": "a+/9+", "now": 526},
        ("shape-new", "base"): {"shape": "0", "now": 1578},
    }
    assert {one.severity for one in findings(small, second)} == {"warn"}


def test_far_more_rows_than_before_are_told(small: SmallHub) -> None:
    register_fees(small)
    small.publish("fee", FEE_COLUMNS, fees(100))
    publication = small.publish("fee", FEE_COLUMNS, fees(151))
    assert kinds(small, publication) == [("warn", "rows-changed", "")]
    assert findings(small, publication)[0].facts == {"before": 100, "after": 151}


def test_what_is_held_or_discarded_is_no_measure(small: SmallHub) -> None:
    register_fees(small)
    small.publish("fee", FEE_COLUMNS, fees(400, note="x"))
    held = small.publish("fee", FEE_COLUMNS, fees(200))
    assert ("warn", "empties-up", "note") in kinds(small, held)
    small.publications.discard(held, STEWARD)
    again = small.publish("fee", FEE_COLUMNS, fees(390))
    assert ("warn", "empties-up", "note") in kinds(small, again)
    # Now it is how it is.
    assert kinds(small, small.publish("fee", FEE_COLUMNS, fees(380))) == []


def test_few_rows_are_compared_with_nothing(small: SmallHub) -> None:
    register_fees(small)
    small.publish("fee", FEE_COLUMNS, fees(99, note="x"))
    assert findings(small, small.publish("fee", FEE_COLUMNS, fees(99))) == []


def test_a_change_set_is_profiled_and_its_rows_are_not_compared(small: SmallHub) -> None:
    limit = 'kind = "max-empty"\ncode = "noted"\nitem = "note"\npercent = 1'
    unique = 'kind = "unique"\ncode = "once"\nitem = "slip"'
    register_fees(small, limit, unique, rule("range"))
    small.publish("fee", FEE_COLUMNS, fees(1000, note="x"))
    changed = [["upsert", *fee(n, base="-1" if n < 3 else "1")] for n in range(1, 121)]
    deleted = [["delete", *fee(n)] for n in range(500, 510)]
    publication = small.change("fee", FEE_COLUMNS, [*changed, *deleted])
    assert small.status(publication)["state"] == "live"
    found = checked(small, publication)
    assert (found.profile.mode, found.profile.rows) == ("changes", 120)
    assert found.profile.items["note"].empty == 120
    assert {(one.kind, one.item) for one in findings(small, publication)} == {
        ("empties-up", "note"),
        ("not-checked", "slip"),
        ("rule-range", "base"),
    }
    assert [line["row"] for line in warnings(small, publication)] == [1, 2]
    # A later full publication is measured by the last full one.
    again = small.publish("fee", FEE_COLUMNS, fees(990, note="x"))
    assert kinds(small, again) == []


def test_the_ledger_binds_profile_and_findings(small: SmallHub) -> None:
    register_fees(small, rule("range"))
    publication = small.publish("fee", FEE_COLUMNS, [*fees(40), fee(41, base="-1")])
    found = checked(small, publication)
    (body,) = small.store.connection.execute(
        "SELECT body FROM profiles WHERE publication = ?", (publication,)
    ).fetchone()
    kind, state = small.entries()[-1]
    report = state["report"]
    assert isinstance(report, dict)
    assert (kind, report["profile"]) == ("publication", found.profile.digest)
    assert found.profile.digest == b64u(sha256(body.encode()))
    assert report["findings"] == [one.to_json() for one in findings(small, publication)]
    assert len(body) < 8_000


def test_only_so_many_profiles_are_kept(small: SmallHub, monkeypatch: pytest.MonkeyPatch) -> None:
    register_fees(small)
    monkeypatch.setattr(kept, "KEPT", 3)
    publications = [small.publish("fee", FEE_COLUMNS, fees(5)) for _ in range(2)]
    profile = checked(small, publications[0]).profile
    for number in range(3):
        # As many publications again, without their jobs.
        with small.changes.change(OPERATOR, moves_epoch=False) as change:
            small.store.connection.execute(
                "INSERT INTO publications (id, dataset, connector, keyid, columns, key, state,"
                " created, done, total, mode)"
                " SELECT ?, dataset, connector, keyid, columns, key, state, created, done, total,"
                " mode FROM publications WHERE id = ?",
                (f"p-{number}", publications[0]),
            )
            kept.keep(change, f"p-{number}", "fee", profile)
    trend = kept.trend(small.store.connection, "fee", 10)
    assert [one.publication for one in trend] == ["p-2", "p-1", "p-0"]


def texts(rows: Sequence[Sequence[str]]) -> list[str]:
    return [value for row in rows for value in (row[0], row[1])]


def test_nothing_of_a_person_lies_in_profile_report_ledger_or_listing(small: SmallHub) -> None:
    """The whole folder, and all that is told, is looked through for numbers and names."""
    small.publish("resident", COLUMNS, residents(50))
    everything = (
        rule("exists"),
        rule("unique").replace("the_rule", "once"),
        rule("range").replace("the_rule", "between"),
    )
    register_fees(small, *everything, quality="[quality]\nmax_rejected = 50\n")
    people = [f"欧阳{chr(0x4E00 + n)}建国" for n in range(60)]
    rows = [
        fee(n, payer=resident_id(n), note=people[n], slip="同一票号之甲", base="-31415.92")
        for n in range(60)
    ]
    publication = small.publish("fee", FEE_COLUMNS, rows)
    assert len(warnings(small, publication)) == 60
    sought = Plaintext([*people, *(resident_id(n) for n in range(60)), "同一票号之甲", "31415.92"])
    assert sought.in_folder(small.folder.root) == []
    told = json.dumps(
        [
            small.status(publication),
            warnings(small, publication),
            checked(small, publication).profile.to_json(),
        ],
        ensure_ascii=False,
    )
    assert list(sought.in_bytes(told.encode(), "told")) == []


def test_every_finding_has_words_in_both_languages(small: SmallHub) -> None:
    register_fees(
        small, *(rule(kind).replace("the_rule", f"r{at}") for at, kind in enumerate(RULES))
    )
    rows = [fee(300 + at, **row) for each in BREAKING.values() for at, row in enumerate(each)]
    publication = small.publish("fee", FEE_COLUMNS, [*fees(100), *rows])
    for found in findings(small, publication):
        for language in LANGUAGES:
            words = finding_words(found, {}, language)
            assert words != found.kind
            assert "{" not in words


def checker_of(*rules: str) -> Checker:
    tables = "".join(f"\n[[rules]]\n{one}\n" for one in rules)
    return Checker(load((FEES + tables).encode(), "fee"), FEE_COLUMNS)


def test_only_so_many_warnings_are_listed_and_all_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(breaches, "LISTED", 7)
    checker = checker_of(rule("range"), rule("unique").replace("the_rule", "once"))
    rows = [fee(n, base="-1", slip="S") for n in range(30)]
    listed = [one.row for chunk in as_chunks(rows, 5) for one in checker.check([chunk]).warnings]
    doubles = checker.doubles()
    assert (listed, doubles.warnings) == ([1, 2, 3, 4, 5, 6, 7], ())
    assert checker.broken == {"the_rule": 30, "once": 30}
    assert checker.tally.warned == 30
    checker.close()


def test_attack_a_definition_that_speaks_sql() -> None:
    values = """kind = "required-if"
code = "a"
item = "note"
when = "slip"
values = ["x' OR '1'='1", "'); DROP TABLE keys; --"]"""
    checker = checker_of(values)
    rows = [fee(1, slip="x' OR '1'='1"), fee(2), fee(3, slip="'); DROP TABLE keys; --")]
    (chunk,) = as_chunks(rows)
    assert [one.row for one in checker.check([chunk]).warnings] == [1, 3]
    assert checker.doubles().dropped == ()
    checker.close()
