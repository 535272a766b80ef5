"""A yard for tests that start worker processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflows.worker.house import Yard


@pytest.fixture
def yard(redis_url: str, tmp_path: Path) -> Iterator[Yard]:
    made = Yard(redis_url, tmp_path)
    yield made
    made.redis.close()
