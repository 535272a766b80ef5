"""A house for every test of the engine that needs a log."""

from collections.abc import Iterator

import pytest

from tests.workflows.engine.house import House


@pytest.fixture
def house(redis_url: str) -> Iterator[House]:
    made = House(redis_url)
    yield made
    made.redis.close()
