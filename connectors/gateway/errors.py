"""What a gateway says no to, before anything of a question leaves the department.

ConnectorError
└── GatewayError
    ├── KeyRefused           no key of ours: missing, unknown or removed look alike
    ├── OutsideKey           the calling system may not ask this
    │   ├── PurposeRefused   fact purpose
    │   └── DatasetRefused   fact dataset
    ├── RateSpent            the calling system asks too often; fact rate
    ├── GatewayBusy          as many questions are on their way as may be; fact limit
    ├── GatewayStopped       an alarm stands that stops answering; facts alarm, why
    ├── BodyRefused          what came cannot be a question
    │   ├── BodyTooLarge     fact limit
    │   ├── BodyLate         the rest of it did not come; fact seconds
    │   ├── MediaRefused     it is not called JSON
    │   └── BodyMalformed    fact place
    ├── RouteUnknown         nothing is there
    ├── HubDeclined          the hub said no and does not prove it; facts hub_code, hub_status
    ├── HubBusy              the hub cannot answer now; facts hub_code, hub_status
    ├── ListenRefused        the gateway may not listen there; fact listen
    └── KeysBroken           the file of keys cannot be used; fact why
        ├── KeyTaken         a key has this name already; fact name
        ├── KeyUnknown       none has it; fact name
        └── TooManyKeys      fact limit
"""

from connectors.errors import ConnectorError


class GatewayError(ConnectorError):
    """Something on the gateway's own side."""

    code = "gateway-error"


class KeyRefused(GatewayError):
    """No key of ours."""

    code = "gateway-key-refused"


class OutsideKey(GatewayError):
    """The calling system may not ask this."""

    code = "gateway-outside-key"


class PurposeRefused(OutsideKey):
    """The key does not have this purpose; fact ``purpose``."""

    code = "gateway-purpose-refused"


class DatasetRefused(OutsideKey):
    """The key does not have this dataset; fact ``dataset``."""

    code = "gateway-dataset-refused"


class RateSpent(GatewayError):
    """The calling system asks more often than its key allows; fact ``rate``, a second."""

    code = "gateway-rate-spent"


class GatewayBusy(GatewayError):
    """As many questions are on their way as may be; fact ``limit``."""

    code = "gateway-busy"


class GatewayStopped(GatewayError):
    """An alarm stands that stops answering; facts ``alarm`` (its number) and ``why``."""

    code = "gateway-stopped"


class BodyRefused(GatewayError):
    """What came cannot be a question."""

    code = "gateway-body-refused"


class BodyTooLarge(BodyRefused):
    """It is too large; fact ``limit``, bytes."""

    code = "gateway-too-large"


class BodyLate(BodyRefused):
    """The rest of it did not come in time; fact ``seconds``."""

    code = "gateway-body-late"


class MediaRefused(BodyRefused):
    """It is not called ``application/json``."""

    code = "gateway-media-refused"


class BodyMalformed(BodyRefused):
    """A member is missing, unknown or of the wrong form; fact ``place``."""

    code = "gateway-malformed"


class RouteUnknown(GatewayError):
    """Nothing is there, or not with this method."""

    code = "gateway-route-unknown"


class HubDeclined(GatewayError):
    """The hub said no without proof; facts ``hub_code`` and ``hub_status``."""

    code = "gateway-hub-declined"


class HubBusy(GatewayError):
    """The hub cannot answer now; facts ``hub_code`` and ``hub_status``."""

    code = "gateway-hub-busy"


class ListenRefused(GatewayError):
    """The gateway may not or cannot listen there; fact ``listen``."""

    code = "gateway-listen-refused"


class KeysBroken(GatewayError):
    """The file of keys cannot be used; fact ``why``."""

    code = "gateway-keys-broken"


class KeyTaken(KeysBroken):
    """A key has this name already; fact ``name``."""

    code = "gateway-key-taken"


class KeyUnknown(KeysBroken):
    """No key has this name; fact ``name``."""

    code = "gateway-key-unknown"


class TooManyKeys(KeysBroken):
    """There are as many keys as there may be; fact ``limit``."""

    code = "gateway-too-many-keys"
