"""What an application says, and how far it has come. Its whole state is one frozen document.

    draft → submitted → granted | partly-granted | refused
              ↘ returned → submitted (once: all that is missing is told at once, Art 20)
    draft, submitted, returned → withdrawn

Nothing in it names a person: who drafted and who signed stands in the *person* parts of the
entries, and in columns of the table.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints

from catalog.masks import Mask
from certs.canonical import Json
from hub.access.document import Document as Document  # noqa: PLC0414 they came from here
from hub.access.document import Gap as Gap  # noqa: PLC0414 the same
from hub.access.grant import AskChannel, Instant, Operation, Slug

Status: TypeAlias = Literal[
    "draft", "submitted", "returned", "granted", "partly-granted", "refused", "withdrawn"
]
Method: TypeAlias = Literal["service", "batch", "file"]
"""服务接口, 批量交换, 文件下载 (Art 22)."""
Level: TypeAlias = Literal["departments", "authority", "government"]
"""Who settles a dispute: 协商, 主管部门, 本级政府 (Art 28), one after the other."""
LEVELS: tuple[Level, ...] = ("departments", "authority", "government")

OPEN: frozenset[Status] = frozenset({"draft", "submitted", "returned"})
ANSWERED: frozenset[Status] = frozenset({"granted", "partly-granted", "refused"})

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
REASON = range(2, 501)
"""How many characters a reason has."""
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=REASON.start, max_length=REASON.stop - 1),
]


def _ordered(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Codes = Annotated[tuple[Slug, ...], Field(max_length=500), AfterValidator(_ordered)]
Operations = Annotated[tuple[Operation, ...], AfterValidator(_ordered)]
Channels = Annotated[tuple[AskChannel, ...], AfterValidator(_ordered)]


class Elements(Document):
    """What the applicant states; each may still be empty in a draft (``gaps.py`` tells which).

    ``basis`` 使用依据, ``scenario`` 使用场景, ``scope`` 使用范围, ``method`` 共享方式 and
    ``valid_until`` 使用时限 are the five of Art 20.
    """

    items: Codes = ()
    operations: Operations = ("lookup",)
    channels: Channels = ("connector",)
    purposes: Codes = ()
    basis: Text = ""
    scenario: Text = ""
    scope: Text = ""
    method: Method | None = None
    valid_until: Instant | None = None
    daily_quota: Annotated[int, Field(ge=1, le=10**9)] | None = None


class Reply(Document):
    """The provider's answer: each wanted item with its mask, or refused with the reason (Art 21).

    ``signed`` is when the provider's head signed it; until then it is a draft.
    """

    items: dict[Slug, Mask] = Field(max_length=500)
    refused: dict[Slug, Reason] = Field(max_length=500)
    signed: Instant | None = None


class Extension(Document):
    """The one extension of the reply's period: asked for by the provider, and consented to."""

    reason: Reason
    days: Annotated[int, Field(ge=1, le=10)]
    consented: Instant | None = None


class Dispute(Document):
    """The applicant does not accept the reply; ``level`` is where it lies now (Art 28)."""

    reason: Reason
    level: Level
    outcome: Text = ""
    settled: Instant | None = None


class Application(Document):
    """An application as it stands in one version; times are RFC 3339."""

    id: str
    version: int
    status: Status
    department: Slug
    dataset: Slug
    provider: Slug
    elements: Elements
    created: Instant
    submitted: Instant | None = None
    """When the applicant's head signed it the last time: the reply's period begins."""
    due: Instant | None = None
    """When the reply's period ends; after consent, when delivery is due."""
    returned: tuple[Gap, ...] = ()
    """What the provider found missing; it is told once."""
    extension: Extension | None = None
    reply: Reply | None = None
    by_rule: bool = False
    """Granted because everything in it is shared without conditions (无条件共享)."""
    grant: str | None = None
    delivered: Instant | None = None
    dispute: Dispute | None = None

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it; codes are local to the hub."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state
