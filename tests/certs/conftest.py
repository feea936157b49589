"""What the tests of trust share: a moment and a small public key infrastructure."""

from pathlib import Path

import pytest

from certs.authority import Authority

NOW = 1_790_000_000_000


@pytest.fixture
def now() -> int:
    """A moment, in milliseconds since 1970 UTC."""
    return NOW


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The authority of the hub ``demo.yifen``, made an hour before ``now``."""
    return Authority.create(tmp_path / "authority", "demo.yifen", NOW - 3_600_000)
