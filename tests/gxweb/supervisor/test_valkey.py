"""Which port, which process: never two servers on one AOF."""

import signal
import socket
import time

from gxweb.supervisor import valkey as valkeys
from tests import valkey
from tests.gxweb.supervisor.house import House, eventually


def test_a_frozen_server_is_recognised_by_the_folder_it_works_in(house: House) -> None:
    house.var.mkdir()
    first = valkeys.at(house.var)
    server = valkey.start(first.folder, port=first.port)
    server.process.send_signal(signal.SIGSTOP)
    try:
        adopted = valkeys.running_in(first.folder)
        assert adopted
        assert adopted.pid == server.process.pid
        assert valkeys.at(house.var) == first
    finally:
        server.stop()
    assert eventually(adopted.ended) == "gone"


def test_the_port_is_remembered_until_somebody_else_has_it(house: House) -> None:
    house.var.mkdir()
    first = valkeys.at(house.var)
    assert valkeys.at(house.var) == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first.port))
        taken.listen()
        assert valkeys.at(house.var).port != first.port


def test_waiting_for_an_answer_ends_with_the_process(house: House) -> None:
    house.var.mkdir()
    assert not valkeys.await_answer(valkeys.at(house.var), alive=lambda: False, wait=time.sleep)
