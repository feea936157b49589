"""A service as TOML: what was read from a list is registered in the one form that all have."""

from collections.abc import Iterator, Mapping

from catalog.services.service import Service

_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b"}


def to_toml(service: Service) -> bytes:
    """The TOML that reads as this service."""
    table = service.model_dump(mode="json", exclude_defaults=True)
    return "\n".join(_lines(table)).encode("utf-8") + b"\n"


def _lines(table: Mapping[str, object]) -> Iterator[str]:
    tables = {key: value for key, value in table.items() if _is_tables(value)}
    for key, value in table.items():
        if key not in tables:
            yield f"{key} = {_value(value)}"
    for key, value in tables.items():
        for one in value if isinstance(value, list) else ():
            yield ""
            yield f"[[{key}]]"
            for name, member in one.items():
                yield f"{name} = {_value(member)}"


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            members = (f"{_text(key)} = {_value(one)}" for key, one in value.items())
            return f"{{ {', '.join(members)} }}"
    return _text(str(value))


def _text(value: str) -> str:
    said = "".join(
        _ESCAPED.get(one) or (f"\\u{ord(one):04x}" if ord(one) < 0x20 or ord(one) == 0x7F else one)  # noqa: PLR2004 controls
        for one in value
    )
    return f'"{said}"'
