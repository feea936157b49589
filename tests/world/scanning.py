"""A desk of the console: papers that its department may file, find and view, and a case."""

import os

from catalog.materials import source
from certs.canonical import canonical
from certs.encoding import b64u
from hub.access import grants
from hub.access.grant import Terms
from hub.cases import register
from hub.cases.asked import Opening
from hub.cases.desk import handler_of_session
from hub.cases.opening import open_case
from hub.cases.state import CaseState
from hub.catalogue import datasets
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.runtime import Hub
from world.casework import RULES_TOML, SERVICE_TOML
from world.filing import ITEMS, LEASE
from world.on_record import ON_RECORD
from world.town import PASSWORD

OFFICER = "nrb.shen"
PURPOSE = "real_estate_registration"
HOLDER = "11010519491231002X"
SHOWN = (*ITEMS, "number", "received_on", "valid_until", "sighted_by", "sighted_on", "size_bytes")


def terms(dataset: str, items: tuple[str, ...], **more: object) -> Terms:
    """A grant to the department of the desk, for the console."""
    return Terms.model_validate(
        {
            "department": "nrb",
            "dataset": dataset,
            "operations": ["lookup", "view"],
            "channels": ["console"],
            "items": dict.fromkeys(items, "full"),
            "purposes": [PURPOSE],
            "valid_from": "2026-01-01T00:00:00.000Z",
            "valid_until": "2036-12-31T16:00:00.000Z",
            "basis": "共享申请 2026-018",
            **more,
        }
    )


def enrol(hub: Hub, account: str, name: str, department: str, role: str) -> None:
    """Somebody more, with everybody's password."""
    hashed = hash_password(PASSWORD, "nobody")
    accounts.enrol(hub.changes, OPERATOR, account, name, department, [role], hashed)


def scan_desk(hub: Hub) -> str:
    """Register type, service and rules, grant the type, and enrol an officer; gives the grant."""
    datasets.register(hub.changes, OPERATOR, "smb", source(LEASE), ON_RECORD)
    enrol(hub, OFFICER, "沈月", "nrb", "officer")
    register.put_services(hub.changes, OPERATOR, [SERVICE_TOML.encode()], of=None)
    register.put_rules(hub.changes, OPERATOR, RULES_TOML.encode())
    known = terms("resident", ("name", "sex", "birth_date"), operations=["lookup", "verify"])
    grants.issue(hub.changes, OPERATOR, known)
    return grants.issue(hub.changes, OPERATOR, terms(LEASE, SHOWN)).id


def a_case(hub: Hub, holder: str = HOLDER) -> CaseState:
    """An open case of the desk, for which a lease has to be brought."""
    person = hub.sessions.issue(OFFICER).person
    party = {"type": "resident_id", "id": holder}
    opening = Opening.model_validate(
        {
            "case": "备案-2026-17",
            "given": {},
            "officer": OFFICER,
            "parties": {"applicant": party, "subject": party},
            "purpose": PURPOSE,
            "request_id": b64u(os.urandom(16)),
            "services": ("lease_record",),
        }
    )
    said = canonical(opening.model_dump(mode="json"))
    handler = handler_of_session(person, said, hub.clock())
    return open_case(hub.cases, handler, opening).state
