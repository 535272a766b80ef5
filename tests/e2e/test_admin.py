"""The admin in a real browser: under our policy, live, by keys, and deaf to what attackers say."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from redis import Redis

from tests.e2e.axe import looked_at, told
from tests.e2e.conftest import SPY
from tests.e2e.web import Web
from tests.payloads import MARKDOWN
from tests.runs.writer import ROOT, Writer, done, opened
from workflows.wire import faults, keys, pulse
from workflows.wire.events import (
    Call,
    Error,
    Log,
    Object,
    RunCompleted,
    RunFailed,
    SpanFailed,
    SpanStarted,
    Status,
    Usage,
)
from workflows.wire.faults import Fault

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

RUNS = "/admin/runs/run/"
STAFF = """
import json, sys
from django.contrib.auth import get_user_model
from django.test import Client
people = get_user_model().objects
root = people.filter(email="root@example.org").first()
root = root or people.create_superuser("root@example.org")
client = Client()
client.force_login(root)
print(json.dumps(client.cookies["sessionid"].value))
"""
RUN_ABOUT = """
import json, sys
from django.contrib.auth import get_user_model
from runs.models import Run
owner = get_user_model().objects.get(email="reader@example.org")
about = json.loads(sys.argv[1])
print(Run.objects.create(owner=owner, workflow="blog", version=1, input={"topic": about}).id)
"""
DEEDS = """
import json, sys
from django.contrib.auth import get_user_model
from runs.interventions import recorded
from runs.models import Notice, Run
root = get_user_model().objects.get(email="root@example.org")
run = Run.objects.get(pk=sys.argv[1])
Notice.objects.create(run=run, kind="run_finished", tries=5, given_up=True)
for reason in json.loads(sys.argv[2]):
    with recorded(by=root, what="cancel", run=run.pk, reason=reason):
        pass
"""


@pytest.fixture(scope="module")
def session(web: Web) -> str:
    return str(json.loads(web.python(STAFF)))


@pytest.fixture
def desk(browser: Browser, web: Web, session: str) -> Iterator[BrowserContext]:
    """A superuser, signed in."""
    made = browser.new_context(base_url=web.url)
    made.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    made.add_init_script(SPY)
    made.add_init_script("window.shots = []; window.fired = (n) => window.shots.push(n);")
    yield made
    made.close()


@pytest.fixture
def page(desk: BrowserContext, complaints: list[str]) -> Page:
    made = desk.new_page()
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    return made


def asked(web: Web, redis: Redis, about: str = "Heat pumps") -> Writer:
    run = web.python(RUN_ABOUT, json.dumps(about)).strip()
    return Writer(redis, run).begin()


def address(run: Writer) -> str:
    return f"{RUNS}{run.run}/change/"


def beat(redis: Redis, name: str = "w1", **said: object) -> None:
    queue = "gx.interactive.blog.v1"
    pulse.beat(redis, pulse.Beat(name, "worker", 7, "here", (queue,), 3, 64, **said))  # type: ignore[arg-type]


def show(page: Page, run: Writer) -> None:
    page.goto(address(run))
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")


def test_a_run_is_followed_while_it_goes(
    page: Page, web: Web, redis: Redis, complaints: list[str]
) -> None:
    run = asked(web, redis)
    show(page, run)
    steps = page.locator("#tree [data-span]")
    expect(steps).to_have_count(1)
    one, two = f"{ROOT}/one[0]", f"{ROOT}/two[0]"
    run.say(opened(one), opened(two), (ROOT, Status("Writing", 1, 2)))
    expect(steps).to_have_count(3)
    expect(page.locator("#run-now")).to_contain_text("Writing")
    page.locator(f'#tree [data-span="{one}"]').click()
    expect(page.locator("#step")).to_contain_text(one)
    run.say(done(one))
    expect(page.locator(f'#tree [data-span="{one}"]')).to_have_attribute("data-status", "completed")
    expect(page.locator("#step")).to_have_attribute("data-status", "completed")
    assert "span=" in page.url
    run.say(RunCompleted({"sections": []}))
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "completed")
    expect(page.locator(".stop")).to_be_hidden()
    assert (complaints, page.evaluate("refused")) == ([], [])


def test_by_keys_alone(page: Page, web: Web, redis: Redis) -> None:
    run = asked(web, redis)
    run.say(opened(f"{ROOT}/one[0]"), opened(f"{ROOT}/two[0]"))
    show(page, run)
    page.locator("#tree [data-span]").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#step")).to_contain_text(f"{ROOT}/two[0]")
    page.keyboard.press(".")
    page.get_by_label("Reason").press_sequentially("It floods the provider.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "cancelled")
    expect(page.locator(".deeds")).to_contain_text("It floods the provider.")
    expect(page.locator(".deeds")).to_contain_text("root@example.org")


def test_without_javascript(browser: Browser, web: Web, session: str, redis: Redis) -> None:
    run = asked(web, redis)
    run.say(opened(f"{ROOT}/one[0]"))
    still = browser.new_context(java_script_enabled=False, base_url=web.url)
    still.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    page = still.new_page()
    page.goto(address(run))
    page.locator("#tree a").last.click()
    expect(page.locator("#step")).to_contain_text(f"{ROOT}/one[0]")
    page.get_by_role("link", name="Events").click()
    expect(page.locator(".events tbody").first.locator("tr")).to_have_count(4)
    page.goto(address(run))
    page.get_by_role("button", name="Stop…").click()
    page.get_by_label("Reason").fill("Asked to.")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "cancelled")
    still.close()


def test_the_fleet_comes_by_itself(page: Page, redis: Redis, complaints: list[str]) -> None:
    redis.delete(keys.PULSE)
    page.goto(f"{RUNS}fleet/")
    expect(page.locator("#fleet")).to_contain_text("No worker has been heard of")
    beat(redis, "the-worker")
    expect(page.locator("#fleet")).to_contain_text("the-worker")
    assert complaints == []


def test_raw_events_come_in(page: Page, web: Web, redis: Redis, complaints: list[str]) -> None:
    run = asked(web, redis)
    page.goto(f"{RUNS}{run.run}/events/")
    run.say(Log("info", "a new one"))
    expect(page.locator(".events")).to_contain_text("a new one")
    run.say(*[Log("info", f"line {n}") for n in range(400)])
    expect(page.locator(".events")).to_contain_text("line 199")
    assert complaints == []


def test_ten_thousand_events_do_not_stop_the_browser(
    page: Page, web: Web, redis: Redis, complaints: list[str]
) -> None:
    run = asked(web, redis)
    for start in range(600):
        path = f"{ROOT}/step[{start}]"
        run.say(opened(path), *[(path, Log("info", "x" * 80)) for _ in range(14)], done(path))
    show(page, run)
    expect(page.locator("#tree [data-span]")).to_have_count(500)
    page.locator("#tree [data-span]").nth(300).click()
    expect(page.locator("#step")).to_contain_text("step[299]")
    page.get_by_role("link", name="Later steps").click()
    expect(page.locator("#tree [data-span]")).to_have_count(101)
    page.goto(f"{RUNS}{run.run}/events/")
    expect(page.locator(".events tbody").first.locator("tr")).to_have_count(200)
    with page.expect_download() as file:
        page.get_by_role("link", name="Download all").click()
    lines = file.value.path().read_bytes().splitlines()
    assert len(lines) == 3 + 600 * 16
    assert complaints == []


PAGES = {
    "admin": "/admin/", "runs": RUNS, "fleet": f"{RUNS}fleet/",
    "interventions": "/admin/runs/intervention/", "notices": "/admin/runs/notice/",
    "people": "/admin/accounts/user/", "person": "/admin/accounts/user/1/change/",
    "new person": "/admin/accounts/user/add/", "tokens": "/admin/accounts/apitoken/",
    "groups": "/admin/auth/group/add/",
}  # fmt: skip


def test_nothing_is_refused_and_axe_finds_nothing(
    page: Page, web: Web, redis: Redis, complaints: list[str]
) -> None:
    paid = Usage((Call("openai", "large", 1200, 420, 0.0031, 310.0),))
    run = asked(web, redis)
    broken = f"{ROOT}/write_section[0]"
    run.say(opened(broken), (ROOT, Status("Writing", 1, 5)))
    fault = Fault(1, 0, 1, broken, "failed", "Traceback\n  ValueError: no")
    redis.hset(keys.blob(run.run), mapping=faults.packed(fault))  # type: ignore[arg-type]
    run.say((broken, SpanFailed(Error("internal", "ValueError: no"), 320.0, usage=paid)))
    web.python(DEEDS, run.run, json.dumps(["It floods the provider."]))
    beat(redis)
    beat(redis, "w2", draining=True)
    paths = {
        **PAGES,
        "run": address(run),
        "events": f"{RUNS}{run.run}/events/",
        "stop": f"{RUNS}cancellation/?run={run.run}",
    }
    wrong = []
    for name, path in paths.items():
        page.goto(path)
        # Before axe, which tries on forms what a page may not.
        wrong += [f"{name}: {what} was refused" for what in page.evaluate("refused")]
        wrong += [f"{name}: {words}" for words in complaints]
        wrong += looked_at(page, f"admin, {name}")
        complaints.clear()
    assert wrong == [], told(wrong)


def test_nothing_that_anybody_says_does_anything(page: Page, web: Web, redis: Redis) -> None:
    """In topics, steps, inputs, outputs, errors, names of workers, and reasons."""
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    everything = "\n\n".join(MARKDOWN)
    run = asked(web, redis, everything[:2000])
    web.python(DEEDS, run.run, json.dumps([text.replace("\0", "") for text in MARKDOWN]))
    show(page, run)
    run.say(*[(ROOT, Status(payload, 1, 2)) for payload in MARKDOWN])
    run.say(*[Log("warning", payload) for payload in MARKDOWN])
    run.say((ROOT, Object("outline", [{"heading": payload} for payload in MARKDOWN])))
    paths = [f"{ROOT}/{number}{payload}" for number, payload in enumerate(MARKDOWN)]
    for path, payload in zip(paths, MARKDOWN, strict=True):
        begun = SpanStarted(payload, path, key=payload, parent=ROOT, input_preview=payload)
        usage = Usage((Call(payload, payload, 1, 1, 0.1, 1.0, payload),))
        run.say((path, begun), (path, SpanFailed(Error("internal", payload), 1.0, usage=usage)))
    kept: dict[str, bytes] = {}
    for number, payload in enumerate(MARKDOWN[:50]):
        kept |= faults.packed(Fault(1, number, 1, paths[number], payload, payload))
    redis.hset(keys.blob(run.run), mapping=kept)  # type: ignore[arg-type]
    run.say(RunFailed(Error("internal", everything)))
    for payload in MARKDOWN:
        queues = (payload,)
        pulse.beat(redis, pulse.Beat(payload, "worker", 1, payload, queues, 1, 4))
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "failed")
    page.reload()
    rows = page.locator("#tree [data-span]")
    for number in range(rows.count()):
        rows.nth(number).click()
        expect(rows.nth(number)).to_have_attribute("aria-current", "true")
    for fold in page.locator("details.fold > summary").all():
        fold.click()
    shots = page.evaluate("shots") + page.evaluate("refused")
    for path in (f"{RUNS}{run.run}/events/", RUNS, f"{RUNS}?q=script", f"{RUNS}fleet/",
                 "/admin/runs/intervention/", f"{RUNS}cancellation/?run={run.run}"):  # fmt: skip
        page.goto(path)
        for summary in page.locator(".events summary").all()[:40]:
            summary.click()
        shots += page.evaluate("shots") + page.evaluate("refused")
    assert shots == []
    assert [url for url in asked_for if not url.startswith((web.url, "data:"))] == []
