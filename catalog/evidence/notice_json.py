"""The one-time notice (一单) and the merged form (一表) as JSON.

It holds values of records in ``form``: it is for the counter and the applicant, never for an entry
or a log. ``Decision.state()`` is what may be entered.
"""

from catalog.evidence.decision import STATUSES, Decision, Piece, Wanted
from catalog.evidence.form import Filled, Value
from catalog.services.service import Service
from certs.canonical import Json


def to_json(decision: Decision) -> dict[str, Json]:
    """The whole notice; holds personal values."""
    materials: dict[str, Json] = {
        status: [_paper_json(one) for one in decision.of(status)] for status in STATUSES
    }
    rules: list[Json] = [{"set": code, "version": version} for code, version in decision.rules]
    return {
        "day": decision.day.isoformat(),
        "digest": decision.digest,
        "form": [_field_json(one) for one in decision.form],
        "materials": materials,
        "rules": rules,
        "services": [_service_json(one) for one in decision.services],
    }


def _both(zh: str, en: str) -> dict[str, Json]:
    return {"en": en or zh, "zh": zh}


def _service_json(service: Service) -> dict[str, Json]:
    return {
        "code": service.code,
        "conditions": [_both(one.zh, one.en) for one in service.conditions],
        "department": service.department,
        "item_code": service.item_code,
        "legal_basis": service.legal_basis,
        "process": [_both(one.zh, one.en) for one in service.process],
        "promised_days": service.promised_days,
        "statutory_days": service.statutory_days,
        "title": _both(service.title_zh, service.title_en),
        "version": service.version,
    }


def _paper_json(one: Wanted) -> dict[str, Json]:
    first = one.pieces[0].material
    return {
        "copies": one.copies,
        "for": [_piece_json(piece) for piece in one.pieces],
        "kind": one.kind,
        "necessity": one.necessity,
        "of": one.of,
        "status": one.status,
        "title": _both(first.title_zh, first.title_en),
        "type": one.type,
        "until": one.until.isoformat() if one.until else None,
    }


def _piece_json(piece: Piece) -> dict[str, Json]:
    material, evidence, follow = piece.material, piece.evidence, piece.follow
    tried: list[Json] = [
        {"kind": one.kind, "source": one.source, "way": one.way, "why": one.reason.to_json()}
        for one in piece.tried
    ]
    return {
        "acceptance": material.acceptance,
        "blank_form": material.blank_form,
        "evidence": None
        if evidence is None
        else {
            "about": evidence.about,
            "date": evidence.dated.isoformat() if evidence.dated else None,
            "kind": evidence.kind,
            "provider": evidence.provider,
            "reference": evidence.reference,
            "source": evidence.source,
            "stands_for": evidence.stands_for,
            "valid_until": evidence.valid_until.isoformat() if evidence.valid_until else None,
        },
        "follow": None
        if follow is None
        else {
            "certain": follow.certain,
            "due": follow.due.isoformat(),
            "kind": follow.kind,
            "liability": _both(follow.liability_zh, follow.liability_en),
            "text": _both(follow.text_zh, follow.text_en),
        },
        "form": material.form,
        "legal_basis": material.legal_basis,
        "material": material.code,
        "notes": material.notes,
        "rule": piece.rule,
        "rule_version": piece.rule_version,
        "sample": material.sample,
        "service": piece.service.code,
        "source": material.source,
        "specification": material.specification,
        "status": piece.status,
        "tried": tried,
        "way": piece.way,
        "why": piece.why.to_json(),
    }


def _field_json(one: Filled) -> dict[str, Json]:
    unused: list[Json] = [
        {
            "about": each.about,
            "dataset": each.dataset,
            "item": each.item,
            "why": each.reason.to_json(),
        }
        for each in one.unused
    ]
    codes = one.field.codes
    labels: dict[str, Json] | None = (
        None
        if codes is None
        else {code: _both(label.zh, label.en) for code, label in codes.items()}
    )
    return {
        "code": one.field.code,
        "codes": labels,
        "conflicting": one.conflicting,
        "given": one.given,
        "key": one.key,
        "others": [_value_json(each) for each in one.others],
        "required": one.required,
        "same": [_value_json(each) for each in one.same],
        "services": list(one.services),
        "title": _both(one.field.title_zh, one.field.title_en),
        "type": one.field.type,
        "unused": unused,
        "value": None if one.value is None else _value_json(one.value),
        "why": one.why.to_json(),
    }


def _value_json(value: Value) -> dict[str, Json]:
    return {
        "about": value.about,
        "dataset": value.dataset,
        "date": value.dated.isoformat() if value.dated else None,
        "department": value.department,
        "item": value.item,
        "provider": value.provider,
        "reference": value.reference,
        "value": value.value,
    }
