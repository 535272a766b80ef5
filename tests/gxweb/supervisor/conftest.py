"""One small house per test, in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gxweb.supervisor.house import House, built


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with built(tmp_path) as it:
        yield it
