"""What the tests of trust share: published vectors and a small public key infrastructure."""

import os
from pathlib import Path

import pytest

from certs.authority import Authority

NOW = 1_790_000_000_000


@pytest.fixture
def shared() -> Path:
    """The folder of published vectors, which stands beside the project and not in it."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "vectors"
    if not folder.is_dir():
        reason = f"published vectors are absent: {folder}"
        if os.environ.get("YIFEN_REQUIRE") == "all":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def now() -> int:
    """A moment, in milliseconds since 1970 UTC."""
    return NOW


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The authority of the hub ``demo.yifen``, made an hour before ``now``."""
    return Authority.create(tmp_path / "authority", "demo.yifen", NOW - 3_600_000)
