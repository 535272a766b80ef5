"""The channel layer survives silence: redis-py's own time-out would end a quiet socket."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

from tests.patience import patience

SILENCE_S = 7


@pytest.mark.contract
async def test_message_arrives_after_a_silence(redis_url: str) -> None:
    config: Any = deepcopy(settings.CHANNEL_LAYERS["default"]["CONFIG"])
    config["hosts"][0]["address"] = redis_url
    layer = RedisPubSubChannelLayer(**config)
    channel = await layer.new_channel()
    await layer.group_add("people", channel)
    async with asyncio.TaskGroup() as tasks:
        heard = tasks.create_task(layer.receive(channel))
        done, _ = await asyncio.wait([heard], timeout=SILENCE_S)
        assert not done
        await layer.group_send("people", {"type": "nudge"})
        assert await asyncio.wait_for(heard, patience(5)) == {"type": "nudge"}
    await layer.flush()
