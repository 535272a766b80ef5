"""From outside: what a person sees who starts, kills and stops `make up`."""

import os
import signal
import socket
from pathlib import Path

import pytest
import redis as redis_py

from tests.gxweb.supervisor.house import House, eventually

pytestmark = pytest.mark.e2e
ALL = {"valkey", "control", "worker", "uvicorn"}


def test_all_start_and_stop_together_and_leave_nothing(house: House) -> None:
    house.start_and_wait()
    assert house.pids().keys() == ALL
    assert house.stop() == 0
    assert house.pids() == {}
    assert not (house.var / "run.env").exists()


def test_state_is_for_its_owner_only(house: House) -> None:
    house.start_and_wait()
    modes = {name: (house.var / name).stat().st_mode & 0o777 for name in (".", "run.env", "log")}
    assert modes == {".": 0o700, "run.env": 0o600, "log": 0o700}


def test_ctrl_c_stops_it_too(house: House) -> None:
    house.start_and_wait()
    assert house.stop(signal.SIGINT) == 0
    assert house.pids() == {}


def test_a_killed_child_is_started_again_and_that_is_said(house: House) -> None:
    house.start_and_wait()
    before = house.pids()
    for name in ("control", "worker", "uvicorn"):
        os.killpg(before[name], signal.SIGKILL)
    eventually(lambda: house.pids().keys() == ALL and house.said().count("started again") == 3)
    assert house.pids()["valkey"] == before["valkey"]
    assert "worker died (killed by SIGKILL), again in 0.2 s; it last said: here" in house.said()


def test_valkey_comes_back_with_its_data_on_its_port(house: House) -> None:
    house.start_and_wait()
    url = dict(line.split("=", 1) for line in (house.var / "run.env").read_text().splitlines())
    with redis_py.Redis.from_url(url["REDIS_URL"], retry=None) as client:
        client.xadd("log", {"kind": "text"}, id="1-1")
        os.kill(house.pids()["valkey"], signal.SIGKILL)
        eventually(lambda: "valkey started again" in house.said())
    with redis_py.Redis.from_url(url["REDIS_URL"], socket_timeout=20) as client:
        assert eventually(lambda: _read(client)) == [(b"1-1", {b"kind": b"text"})]


def test_after_kill_9_the_next_one_adopts_valkey_and_replaces_the_rest(house: House) -> None:
    house.start_and_wait()
    before = house.pids()
    house.stop(signal.SIGKILL)
    assert house.pids()["valkey"] == before["valkey"]
    house.start_and_wait()
    after = house.pids()
    assert after["valkey"] == before["valkey"]
    assert after.keys() == ALL
    assert not {before[n] for n in ALL - {"valkey"}} & set(after.values())
    assert "adopted" in house.said()
    assert house.stop() == 0
    assert house.pids() == {}


def test_an_adopted_valkey_is_kept_alive(house: House) -> None:
    house.start_and_wait()
    house.stop(signal.SIGKILL)
    house.start_and_wait()
    adopted = house.pids()["valkey"]
    os.kill(adopted, signal.SIGKILL)
    eventually(lambda: house.pids().get("valkey", adopted) != adopted)
    assert "valkey died (gone), again in" in house.said()


def test_a_second_one_on_the_same_folder_is_refused(house: House) -> None:
    house.start_and_wait()
    first = house.supervisor
    assert house.refusal() == f"refused: another `make up` runs on VAR={house.var}"
    house.supervisor = first
    assert house.pids().keys() == ALL


def test_a_port_in_use_is_refused(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", house.port))
        taken.listen()
        said = house.refusal()
    assert said == f"refused: port {house.port} is in use: stop what uses it, or set PORT"
    assert house.pids() == {}


def test_a_folder_that_cannot_be_made_is_refused(house: House) -> None:
    house.var = house.root / "manage.py" / "var"
    assert house.refusal() == f"refused: VAR={house.var} cannot be used: Not a directory"


def test_a_redis_that_is_named_is_used_and_never_stopped(house: House, redis_url: str) -> None:
    house.redis_url = redis_url
    house.start_and_wait()
    assert house.pids().keys() == ALL - {"valkey"}
    assert house.stop() == 0
    with redis_py.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_a_redis_that_does_not_answer_is_refused(house: House) -> None:
    house.redis_url = "redis://127.0.0.1:1/0"
    assert house.refusal().startswith("refused: REDIS_URL: no answer from there")
    assert len(house.said().splitlines()) == 1


def test_a_database_that_cannot_be_migrated_is_refused(house: House) -> None:
    (house.root / "manage.py").write_text("raise SystemExit('no such table')")
    assert house.refusal() == "refused: the database cannot be migrated: no such table"
    assert house.pids() == {}


def test_a_child_that_cannot_live_is_tried_ever_more_slowly(house: House) -> None:
    (house.root / "workflows/worker.py").write_text("raise SystemExit('no luck')")
    house.start_and_wait()
    eventually(lambda: "again in 0.8 s" in house.said())
    assert "worker died (exit code 1), again in 0.4 s; it last said: no luck" in house.said()


def test_workers_know_neither_the_database_nor_the_key(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere")
    house.start_and_wait()
    names = {v.split(b"=")[0] for v in _environment(house.pids()["worker"])}
    assert not names & {b"SECRET_KEY", b"DATABASE_URL", b"DJANGO_SETTINGS_MODULE"}
    assert {b"VAR", b"REDIS_URL"} <= names
    assert b"SECRET_KEY=canary" in _environment(house.pids()["control"])


def _environment(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def _read(client: redis_py.Redis) -> object:
    try:
        return client.xrange("log")
    except redis_py.ConnectionError:
        return None
