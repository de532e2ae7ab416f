"""pipecat-ai with the gateway: tests beyond those of every bot."""

import pytest

pytestmark = pytest.mark.pipecat


async def test_pipecat_detects_exotel_from_start(pipecat_bot, dial):
    call = await dial(pipecat_bot, "answer")
    assert call.start["transport_type"] == "exotel"
    assert call.start["call_id"] == call.sid
