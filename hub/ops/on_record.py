"""What is on record of the entries of demo and bench: a catalogue that was published before."""

from certs.canonical import Json

ON_RECORD: dict[str, Json] = {
    "secrecy": {"result": "passed", "reference": "保密评〔2025〕1号", "day": "2025-08-01"},
    "privacy": {"result": "passed", "reference": "个保评〔2025〕1号", "day": "2025-08-01"},
    "approval": "数共批〔2025〕1号",
}
