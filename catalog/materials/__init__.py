"""Types of materials that come with the product: definitions of datasets (``catalog/material.py``).

They stand apart from ``catalog/datasets``, whose rows are published.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from catalog.definition import Dataset, load


def source(code: str) -> bytes:
    """The definition of a type as it is registered; raises ``FileNotFoundError``."""
    return files(__name__).joinpath(f"{code}.toml").read_bytes()


@cache
def bundled() -> Mapping[str, Dataset]:
    """The types that come with the product, by code."""
    names = sorted(entry.name for entry in files(__name__).iterdir())
    codes = [name.removesuffix(".toml") for name in names if name.endswith(".toml")]
    return MappingProxyType({code: load(source(code), f"{code}.toml") for code in codes})
