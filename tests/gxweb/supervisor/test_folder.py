"""VAR: one supervisor, private files, logs that do not grow for ever."""

import os

import pytest

from gxweb.supervisor import folder as folders
from gxweb.supervisor.folder import Folder
from gxweb.supervisor.refusal import Refused
from tests.gxweb.supervisor.house import House


@pytest.fixture
def folder(house: House) -> Folder:
    it = Folder(house.var)
    it.make()
    return it


def test_only_one_holds_the_lock(folder: Folder) -> None:
    with folder.lock(), pytest.raises(Refused, match="another `make up` runs"), folder.lock():
        pytest.fail("both hold it")
    with folder.lock():
        assert (folder.path / "supervisor.lock").exists()


def test_a_long_log_is_put_aside(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "LOG_BYTES", 3)
    folder.log("web").write_text("many words")
    assert not folder.log("web").exists()
    assert (folder.path / "log/web.log.1").read_text() == "many words"


def test_last_words_are_the_last_line_with_something_on_it(folder: Folder) -> None:
    assert folder.last_words("web") == "nothing"
    folder.log("web").write_text("Traceback\n  File\nValueError: no\n\n")
    assert folder.last_words("web") == "ValueError: no"


def test_last_words_of_an_error_name_the_own_code_that_it_came_from(folder: Folder) -> None:
    frames = [
        '  File "<frozen runpy>", line 88, in _run_code',
        f'  File "{folder.path}/flow.py", line 43',
        "    def broken(:",
        '  File "/usr/lib/python3.11/ast.py", line 7, in parse',
        "    parse()",
    ]
    error = "\n".join(["Traceback (most recent call last):", *frames, "SyntaxError: no"])
    folder.log("worker").write_text(f"before\n{error}\n")
    place = os.path.relpath(folder.path / "flow.py")
    assert folder.last_words("worker") == f"SyntaxError: no ({place}, line 43)"
    folder.log("worker").write_text(f"{error}\nwent on\nstopped\n")
    assert folder.last_words("worker") == "stopped"
