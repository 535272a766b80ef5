"""What every test may ask for: a real Valkey of its own session, flushed for each test."""

from collections.abc import Iterator

import pytest
import redis as redis_py
from asgiref.sync import SyncToAsync
from django.db import connections
from hypothesis import HealthCheck, settings

from tests import order, valkey

# A property is held to what it says, not to how busy the machine is.
settings.register_profile("gx", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gx")

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "only tests that use the database: for a second run on another one"
    parser.addoption("--database-only", action="store_true", help=text)


@pytest.hookimpl(trylast=True)  # when they are in a random order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database-only"):
        items[:] = [item for item in items if _uses_database(item)]
    items.sort(key=order.turn)


def _uses_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    return bool(names & DATABASE_FIXTURES) or item.get_closest_marker("django_db") is not None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """An async test leaves its connection with the thread that did its queries. A server closes it
    after each request; Django's test client does not, and PostgreSQL drops no database in use."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[valkey.Server]:
    """The session's server. A test that kills a server starts one of its own: `valkey.running`."""
    with valkey.running(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey_server: valkey.Server) -> str:
    """An empty Redis; the address of the session's server."""
    with redis_py.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture
def redis(redis_url: str) -> Iterator[redis_py.Redis]:
    """A synchronous client of the empty Redis; answers are bytes."""
    with redis_py.Redis.from_url(redis_url) as client:
        yield client
