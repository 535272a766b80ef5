"""Deadlines come from the environment, and a wrong one is refused with its name."""

import pytest

from workflows.llm.deadlines import Deadlines
from workflows.wire.settings import BadSetting


def test_the_environment_shortens_them() -> None:
    environ = {"GX_LLM_FIRST_TOKEN_SECONDS": "2", "GX_LLM_CHUNK_SECONDS": "0.5"}
    assert Deadlines.from_env(environ) == Deadlines(first_token=2, chunk=0.5)


@pytest.mark.parametrize("raw", ["soon", "0", "-1", "nan", "inf"])
def test_a_wrong_one_is_refused(raw: str) -> None:
    with pytest.raises(BadSetting, match="GX_LLM_TOTAL_SECONDS"):
        Deadlines.from_env({"GX_LLM_TOTAL_SECONDS": raw})
