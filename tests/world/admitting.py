"""What an administrator sends from the pages of people, departments and purposes."""

import json

from certs.encoding import unb64u
from certs.enrolment import make_request
from certs.keys import generate
from hub.access import admitted, connectors
from hub.ledger.change import OPERATOR
from hub.runtime import Hub

FIRST = "nine paper lanterns"
NEW = {
    "account": "hfc.lin",
    "name": "林晓",
    "department": "hfc",
    "role": ["officer"],
    "password": FIRST,
    "again": FIRST,
}
ACTS = {
    "/people": NEW,
    "/people/psb.zhou/roles": {"role": ["officer"]},
    "/people/psb.zhou/status": {"status": "suspended"},
    "/people/psb.zhou/sessions": {},
    "/people/psb.zhou/password": {"password": FIRST, "again": FIRST},
    "/departments": {"code": "edu", "title_zh": "教育局", "title_en": "Education"},
    "/departments/psb/status": {"status": "suspended"},
    "/departments/psb/invitations": {"name": "gateway"},
    "/departments/psb/connectors/gateway/status": {"status": "suspended"},
    "/departments/psb/connectors/gateway/revoke": {"keyid": "x"},
    "/purposes": {
        "code": "school_entry",
        "kind": "service",
        "title_zh": "入学报名",
        "title_en": "School entry",
        "legal_basis": "《义务教育法》第十二条",
    },
    "/purposes/housing_fund_withdrawal/status": {"status": "ended"},
}
"""Every act of these pages, with what the administrator would send."""


def invited(hub: Hub, department: str = "psb", name: str = "gateway") -> str:
    """Invite a connector; gives its URN."""
    connectors.invite(hub.changes, OPERATOR, hub.trust, department, name)
    return connectors.urn_of(hub.settings, department, name)


def enrolled(hub: Hub, department: str = "psb", name: str = "gateway") -> str:
    """Invite and enrol a connector; gives the key id of its certificate."""
    text = connectors.invite(hub.changes, OPERATOR, hub.trust, department, name)
    token = json.loads(unb64u(text))["token"]
    urn = connectors.urn_of(hub.settings, department, name)
    connectors.enrol(hub.changes, hub.trust, token, make_request(generate(), urn))
    [connector] = admitted.connectors(hub.reading, department, hub.clock()).rows
    return connector.certificates[0].keyid
