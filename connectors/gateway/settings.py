"""``[gateway]`` in ``connector.toml``: where the gateway listens, and its limits."""

import ipaddress
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

LOOPBACK = "localhost"


class GatewaySettings(BaseModel):
    """The gateway's settings.

    Beyond loopback it listens only if ``beyond_loopback`` says so and it has a TLS certificate
    (``tls_certificate`` with its chain and ``tls_key``, PEM): keys and answers would else cross the
    network in the clear. ``questions`` may be on their way at once, and one more is turned away;
    ``connections`` may be open. ``seconds`` is how long one question may take in all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str = "127.0.0.1:8442"
    beyond_loopback: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    questions: Annotated[int, Field(ge=1, le=4096)] = 64
    connections: Annotated[int, Field(ge=1, le=65536)] = 1024
    body_bytes: Annotated[int, Field(ge=1024, le=1 << 20)] = 65536
    seconds: Annotated[int, Field(ge=1, le=300)] = 15

    @field_validator("listen")
    @classmethod
    def _check_listen(cls, value: str) -> str:
        split_listen(value)
        return value

    @model_validator(mode="after")
    def _check_open(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        host, _ = split_listen(self.listen)
        if not is_loopback(host) and not (self.beyond_loopback and self.tls_key):
            raise ValueError("beyond loopback only if told so, and with TLS")
        return self


def split_listen(text: str) -> tuple[str, int]:
    """Host and port of ``host:port``; the host is an address or ``localhost``.

    Raises ``ValueError``: a name may lead to anywhere, and tomorrow to somewhere else.
    """
    parts = urlsplit(f"//{text}")
    host, port = parts.hostname or "", parts.port
    plain = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if port is None or plain != text:
        raise ValueError("not host:port")
    if host != LOOPBACK:
        ipaddress.ip_address(host)
    return host, port


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``, as ``split_listen`` gives it."""
    return host == LOOPBACK or ipaddress.ip_address(host).is_loopback
