"""The gateway's interface as OpenAPI 3.1, in both languages, made of the models that it uses."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pydantic.json_schema import models_json_schema

from catalog.messages import catalogue, text
from certs.canonical import Json, canonical
from connectors.gateway.documents import (
    Health,
    LookupAnswer,
    LookupQuestion,
    Problem,
    Receipts,
    VerifyAnswer,
    VerifyQuestion,
)
from connectors.gateway.problems import JSON, PROBLEM

MODELS = (LookupQuestion, LookupAnswer, VerifyQuestion, VerifyAnswer, Receipts, Health, Problem)
REFUSALS = ("400", "401", "403", "409", "413", "415", "422", "429", "502", "503")
Members = dict[str, Json]


@cache
def openapi() -> bytes:
    """The document, canonical JSON."""
    return canonical(
        {
            "openapi": "3.1.0",
            "info": {
                "title": _both("gateway.api.title"),
                "description": _both("gateway.api.about"),
                "version": _version(),
            },
            "security": [{"key": []}],
            "components": {
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": _both("gateway.api.key"),
                    }
                },
                "schemas": _schemas(),
            },
            "paths": {
                "/lookup/{dataset}": {"post": _question("lookup", "Lookup")},
                "/verify/{dataset}": {"post": _question("verify", "Verify")},
                "/receipts/{request_id}": {"get": _receipts()},
                "/health": {"get": _reading("health", {"200": _body("Health")})},
                "/healthz": {"get": _open("healthz", "text/plain")},
                "/openapi.json": {"get": _open("openapi", JSON)},
            },
        }
    )


def _question(name: str, model: str) -> Members:
    dataset: Members = {
        "name": "dataset",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$"},
        "description": _both("gateway.api.field.dataset"),
    }
    return {
        **_words(name),
        "parameters": [dataset],
        "requestBody": {"required": True, "content": {JSON: {"schema": _ref(f"{model}Question")}}},
        "responses": {"200": _body(f"{model}Answer"), **_refusals(REFUSALS)},
    }


def _receipts() -> Members:
    request_id: Members = {
        "name": "request_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
        "description": _both("gateway.api.field.request_id"),
    }
    responses = {"200": _body("Receipts"), **_refusals(("401", "404", "502", "503"))}
    return {**_words("receipts"), "parameters": [request_id], "responses": responses}


def _reading(name: str, responses: Members) -> Members:
    return {**_words(name), "responses": {**responses, **_refusals(("401",))}}


def _open(name: str, content_type: str) -> Members:
    told: Members = {"description": "OK", "content": {content_type: {}}}
    return {**_words(name), "security": [], "responses": {"200": told}}


def _words(name: str) -> Members:
    return {
        "operationId": name,
        "summary": _both(f"gateway.api.route.{name}"),
        "description": _both(f"gateway.api.route.{name}.about"),
    }


def _body(model: str) -> Members:
    described = _both(f"gateway.api.model.{model}")
    return {"description": described, "content": {JSON: {"schema": _ref(model)}}}


def _refusals(statuses: tuple[str, ...]) -> Members:
    return {
        status: {
            "description": _both(f"gateway.api.status.{status}"),
            "content": {PROBLEM: {"schema": _ref("Problem")}},
        }
        for status in statuses
    }


def _schemas() -> Members:
    """The models' schemas; descriptions come from the catalogue, not from docstrings."""
    _, document = models_json_schema(
        [(model, "validation") for model in MODELS], ref_template="#/components/schemas/{model}"
    )
    schemas: Members = document["$defs"]
    told = catalogue()
    for name, schema in schemas.items():
        if not isinstance(schema, dict):
            continue
        schema["description"] = _both(f"gateway.api.model.{name}")
        properties = schema.get("properties")
        for field, described in properties.items() if isinstance(properties, dict) else ():
            key = f"gateway.api.field.{field}"
            if isinstance(described, dict) and key in told:
                described["description"] = _both(key)
    return schemas


def _ref(model: str) -> Members:
    return {"$ref": f"#/components/schemas/{model}"}


def _both(key: str) -> str:
    return f"{text(key, 'zh')} / {text(key, 'en')}"


def _version() -> str:
    try:
        return version("yifen")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
