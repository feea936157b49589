"""What ``connector publish`` shows: the columns, what was met in the source, and how it ended."""

from collections.abc import Sequence
from pathlib import Path

from catalog.errors import MessageCatalogueBroken
from catalog.finding import Finding, Items, finding_words
from catalog.messages import Language, text
from certs.canonical import Json
from connectors.screen import Screen
from connectors.sources.intake import Intake
from connectors.sources.mapping import ColumnMapping
from connectors.sources.publication import Publication, Report
from connectors.sources.publish import Published
from connectors.sources.source import Source

_SHOWN_STATES = frozenset({"live", "held", "failed"})


def reason_text(reason: str, language: Language) -> str:
    """A reason for a rejection in words; the slug itself if it is a newer hub's."""
    try:
        return text(f"connector.reason.{reason}", language)
    except MessageCatalogueBroken:
        return reason


def show_mapping(screen: Screen, mapping: ColumnMapping) -> None:
    """Which column is which item."""
    # The mapping comes before the result, so for programs it is kept off standard output.
    screen.table(
        ["connector.table.column", "connector.table.item", "connector.table.title"],
        [
            [match.column, match.item.code, getattr(match.item, f"title_{screen.language}")]
            for match in mapping.matches
        ],
    )
    if mapping.ignored:
        screen.say("connector.publish.ignored", columns=", ".join(mapping.ignored))
    if mapping.absent:
        screen.say("connector.publish.absent", items=", ".join(i.code for i in mapping.absent))


def show_met(screen: Screen, source: Source) -> None:
    """What was met in the source: its encoding, its sheet, hidden rows."""
    screen.table(
        ["connector.table.what", "connector.table.value"],
        [[screen.words(f"connector.met.{what}"), str(value)] for what, value in source.met.items()],
    )


def show_applied(screen: Screen, sequence: int) -> None:
    """A change set that stands already: nothing was to be done."""
    screen.say("connector.publish.applied", sequence=sequence)
    screen.value({"state": "changes-applied", "sequence": sequence})


def show_ended(screen: Screen, ended: Published, path: Path | None) -> None:
    """How it ended; ``path`` is where the rejected rows are."""
    publication = ended.publication
    screen.say(f"connector.publish.{_state(publication)}", publication=publication.publication)
    if ended.found:
        screen.say("connector.publish.found", found=ended.found, sent=ended.sent)
    if ended.sequence is not None:
        screen.say("connector.publish.numbered", sequence=ended.sequence)
    if publication.failure is not None:
        screen.say("connector.publish.why", why=_reason(screen, publication.failure))
    report = publication.report
    if report is not None:
        counts = {
            "read": report.read,
            "accepted": report.accepted,
            "warned": report.warned,
            "identical": report.identical,
            "rejected_rows": len({rejection.row for rejection in ended.rejections}),
            "standing": report.standing,
            **_changed(report),
        }
        screen.table(
            ["connector.table.what", "connector.table.rows"],
            [[screen.words(f"connector.report.{name}"), str(n)] for name, n in counts.items()],
        )
        if report.rejected:
            screen.table(
                ["connector.table.reason", "connector.table.count"],
                [[_reason(screen, why), str(count)] for why, count in report.rejected.items()],
            )
        for why in report.why_held:
            screen.say("connector.publish.why", why=_reason(screen, why))
        mapping = ended.intake.mapping
        known = [*(match.item for match in mapping.matches), *mapping.absent]
        show_findings(screen, report.findings, {item.code: item for item in known})
    numbers = ended.intake.source.met.get("number-cells")
    if numbers is not None:
        screen.say("connector.publish.number_cells", count=numbers)
    _show_intake(screen, ended.intake)
    if path is not None:
        screen.say("connector.publish.rejected_file", file=str(path))
    intake = ended.intake
    told: dict[str, Json] = {
        "publication": publication.model_dump(mode="json"),
        "rows": ended.rows,
        "sequence": ended.sequence,
        "operations": dict(ended.intake.operations),
        "chunks": {"sent": ended.sent, "found": ended.found},
        "rejected_file": None if path is None else str(path),
        "source": {
            "met": dict(intake.source.met),
            "normalised": [
                {"item": item, "kind": kind, "count": count}
                for (item, kind), count in sorted(intake.normalised.items())
            ],
            "spoilt": [
                {
                    "item": item,
                    "reason": why,
                    "count": count,
                    "places": list(intake.places(item, why)),
                }
                for (item, why), count in sorted(intake.remarked.items())
            ],
        },
    }
    screen.value(told)


def _changed(report: Report) -> dict[str, int]:
    """What became of the rows of a change set."""
    counts = {
        "upserted": report.upserted,
        "inserted": report.inserted,
        "deleted": report.deleted,
        "absent": report.absent,
        "rows": report.rows,
    }
    return {name: count for name, count in counts.items() if count is not None}


def show_findings(screen: Screen, findings: Sequence[Finding], items: Items) -> None:
    """What stands out in a publication, gravest first."""
    if findings:
        screen.table(
            ["connector.table.severity", "connector.table.finding"],
            [
                [
                    screen.words(f"quality.severity.{finding.severity}"),
                    finding_words(finding, items, screen.language),
                ]
                for finding in findings
            ],
        )


def _show_intake(screen: Screen, intake: Intake) -> None:
    if intake.normalised:
        screen.table(
            ["connector.table.item", "connector.table.normalised", "connector.table.count"],
            [
                [item, screen.words(f"connector.normalised.{kind}"), str(count)]
                for (item, kind), count in sorted(intake.normalised.items())
            ],
        )
    if intake.remarked:
        # Rows that could not be read were sent empty: the hub counts them by what they lack.
        screen.table(
            [
                "connector.table.item",
                "connector.table.spoilt",
                "connector.table.count",
                "connector.table.places",
            ],
            [
                [
                    item,
                    _reason(screen, why),
                    str(count),
                    ", ".join(str(place) for place in intake.places(item, why)),
                ]
                for (item, why), count in sorted(intake.remarked.items())
            ],
        )


def _reason(screen: Screen, slug: str) -> str:
    return reason_text(slug, screen.language)


def _state(publication: Publication) -> str:
    return publication.state if publication.state in _SHOWN_STATES else "discarded"
