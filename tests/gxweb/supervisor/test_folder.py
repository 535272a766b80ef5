"""VAR: one supervisor, private files, logs that do not grow for ever."""

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
