"""A real small world: a hub with real keys, certificates, records and ledger, and who asks it."""

from world.asking import Answer, Gateway, Members, Sent, check_receipt, the_only
from world.serving import Served, serving
from world.time import DAY, HOUR, MINUTE, NOW, Time
from world.town import (
    ADMINISTRATOR,
    HUB,
    PASSWORD,
    PURPOSE,
    SUBJECTS,
    Town,
    World,
    found_town,
    open_world,
    resident_number,
)

__all__ = [
    "ADMINISTRATOR",
    "DAY",
    "HOUR",
    "HUB",
    "MINUTE",
    "NOW",
    "PASSWORD",
    "PURPOSE",
    "SUBJECTS",
    "Answer",
    "Gateway",
    "Members",
    "Sent",
    "Served",
    "Time",
    "Town",
    "World",
    "check_receipt",
    "found_town",
    "open_world",
    "resident_number",
    "serving",
    "the_only",
]
