"""One mail on the end of a run, to those who asked, whatever becomes of control or mail servers."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as box
from django.test import Client
from django.utils import timezone

from gxweb.accounts.models import User
from gxweb.notices import mail
from gxweb.notices.models import Mail
from runs.chores import CHORES
from runs.models import Notice, Run
from runs.notices import tell

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(
        "ada@example.org", mail_when_finished=True, mail_when_failed=True
    )


def ended(owner: User, status: str = "completed", topic: str = "Salt", **fields: Any) -> Run:
    return Run.objects.create(
        owner=owner, workflow="blog", version=1, status=status, finished_at=NOW,
        input={"topic": topic}, **fields,
    )  # fmt: skip


def hear(run: Run) -> None:
    Notice.objects.create(run=run, kind=Notice.Kind.FINISHED)
    tell()


def due() -> None:
    Mail.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_finished_run_is_one_mail_however_often_it_is_told(ada: User) -> None:
    run = ended(ada)
    for _ in range(3):
        hear(run)
        mail.send()
        due()
    [sent] = box.outbox
    assert (sent.subject, sent.to) == ("Ready: Salt", ["ada@example.org"])
    assert f"http://127.0.0.1:8000/posts/of/{run.pk}/" in sent.body
    assert sent.message()["Message-ID"] == f"<run-{run.pk}@127.0.0.1>"


def test_a_failed_run_says_why(ada: User) -> None:
    hear(ended(ada, "failed", error_type="rate_limited", error_message="OpenAI <is> busy.\n"))
    mail.send()
    [sent] = box.outbox
    assert sent.subject == "Failed: Salt"
    assert "What happened: OpenAI <is> busy." in sent.body


@pytest.mark.parametrize(
    ("status", "wishes", "number"),
    [
        ("completed", {}, 0),
        ("failed", {}, 0),
        ("completed", {"mail_when_failed": True}, 0),
        ("completed", {"mail_when_finished": True}, 1),
        ("failed", {"mail_when_finished": True}, 0),
        ("failed", {"mail_when_failed": True}, 1),
        ("cancelled", {"mail_when_finished": True, "mail_when_failed": True}, 0),
        ("failed", {"mail_when_failed": True, "is_active": False}, 0),
    ],
)
def test_nobody_gets_what_they_did_not_ask_for(
    status: str, wishes: dict[str, Any], number: int
) -> None:
    bob = User.objects.create_user("bob@example.org", **wishes)
    hear(ended(bob, status))
    mail.send()
    assert len(box.outbox) == number


@pytest.mark.parametrize(
    "topic",
    [
        "Salt\nBcc: eve@example.org\n\nBuy",
        "Salt\r\nBcc: eve@example.org",
        "Salt\x0bBcc: e\x85x\u2028y\u2029z\x00\x1b[2J",
        "Salt {{ why }} {% now 'Y' %} <b>",
        "S" * 5000,
    ],
)
def test_a_topic_cannot_write_headers(ada: User, topic: str) -> None:
    hear(ended(ada, topic=topic))
    mail.send()
    [sent] = box.outbox
    message = sent.message()
    assert sent.recipients() == ["ada@example.org"]
    assert set(message.keys()) == {
        "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To",
        "Date", "Message-ID", "Auto-Submitted",
    }  # fmt: skip
    assert sent.subject.isprintable()
    assert len(sent.subject) < 100


def test_a_mail_server_that_is_away_is_asked_again(
    ada: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    hear(ended(ada))
    mail.send()
    mail.send()
    row = Mail.objects.get()
    assert (row.tries, row.sent_at) == (1, None)
    assert row.due_at > timezone.now()
    assert "ada@" not in caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    due()
    mail.send()
    mail.send()
    assert len(box.outbox) == 1


def test_a_mail_server_that_says_nothing_holds_up_nobody_for_long(ada: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert settings.EMAIL_TIMEOUT == 10
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 0.2
        silent.setblocking(False)
        hear(ended(ada))
        with pytest.raises(BlockingIOError):
            silent.accept()  # the signal sends nothing itself
        mail.send()
        assert Mail.objects.get().sent_at is None
    assert CHORES["mail"] is mail.send, "a loop of its own sends it"


def test_two_controls_do_not_send_the_same(ada: User) -> None:
    hear(ended(ada))
    mine, theirs = Mail.objects.get(), Mail.objects.get()
    until = timezone.now() + mail.FIRST_WAIT
    assert (mine.claim(until=until), theirs.claim(until=until)) == (True, False)
    mail.send()
    assert box.outbox == []
    due()  # the other was killed before it could send
    mail.send()
    assert len(box.outbox) == 1


def test_who_thinks_better_of_it_gets_none(ada: User) -> None:
    hear(ended(ada))
    User.objects.update(mail_when_finished=False)
    mail.send()
    assert (box.outbox, Mail.objects.count()) == ([], 0)


def test_a_mail_that_cannot_be_written_stops_no_other(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [ended(ada, topic=topic) for topic in ("One", "Two")]
    for run in runs:
        hear(run)
    whole = mail.letter

    def letter(run: Run) -> Any:
        if run == runs[0]:
            raise ValueError("a bug")
        return whole(run)

    monkeypatch.setattr(mail, "letter", letter)
    mail.send()
    assert [sent.subject for sent in box.outbox] == ["Ready: Two"]


def test_the_account_page_asks_what_to_write_about(ada: User) -> None:
    client = Client()
    bob = User.objects.create_user("bob@example.org")
    client.force_login(bob)
    assert "checked" not in client.get("/accounts/").content.decode(), "nothing unasked"
    client.post("/notices/wishes/", {"mail_when_failed": "on"})
    bob.refresh_from_db()
    assert (bob.mail_when_finished, bob.mail_when_failed) == (False, True)
    page = client.get("/accounts/").content.decode()
    assert 'name="mail_when_failed" checked' in page
    assert "Saved" in page
    ada.refresh_from_db()
    assert ada.mail_when_finished
