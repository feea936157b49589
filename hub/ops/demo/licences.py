"""A department issues licences and changes them, by signed requests of its own system."""

import os
from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict

from certs.canonical import Json
from certs.encoding import b64u
from hub.ops.demo.errors import ConnectorFailed
from hub.ops.demo.stage import Office, Stage
from hub.ops.demo.wire import call

ROOT = "/v1/licences"
TOKEN_BYTES = 16


class Licence(BaseModel):
    """A licence after it was issued or changed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    licence: str
    identifier: str
    status: str


def issue(stage: Stage, office: Office, order: Mapping[str, Json], case: str) -> Licence:
    """Issue a licence that was decided in a case; raises ``ConnectorFailed``."""
    body: dict[str, Json] = {**order, "case": case, "token": b64u(os.urandom(TOKEN_BYTES))}
    return _done(stage, office, ROOT, body)


def change(stage: Stage, office: Office, licence: Licence, act: str) -> Licence:
    """Revoke a licence, or reinstate it; raises ``ConnectorFailed``."""
    return _done(stage, office, f"{ROOT}/{licence.licence}/{act}", {})


def _done(stage: Stage, office: Office, path: str, body: Mapping[str, Json]) -> Licence:
    said = call(office.connector.home, stage.address, path, body, stage.clock)
    if said.status >= HTTPStatus.BAD_REQUEST:
        raise ConnectorFailed(command="licence", why=f"{said.status} [{said.problem}]")
    return Licence.model_validate_json(said.body)
