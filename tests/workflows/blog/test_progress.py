"""Progress outside a run says nothing; in one, the root's last status counts."""

from tests.workflows.engine.house import House
from workflows.blog.progress import FIXED_STEPS, Progress
from workflows.engine import workflow


@workflow("steps")
async def steps(_: None) -> int:
    progress = Progress(chunks=2, sections=6)
    progress.begin("Reading")
    progress.finish()
    progress.begin("Writing", sections=5, expected=6)
    progress.finish(3)
    return 1


async def test_done_total_and_the_sentence(house: House) -> None:
    root = (await house.run(steps)).spans["steps[0]"]
    assert (root.message, root.done, root.total) == ("Writing", 4, FIXED_STEPS + 2 + 5)


async def test_outside_a_run_nothing_happens() -> None:
    assert await steps(None) == 1
