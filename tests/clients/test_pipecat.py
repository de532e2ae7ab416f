"""What pipecat-ai makes of the gateway, beyond what every bot does."""

import pytest

pytestmark = pytest.mark.pipecat


async def test_start_is_taken_for_exotels_and_for_no_other_providers(pipecat_bot, dial):
    call = await dial(pipecat_bot, "answer")
    assert call.start["transport_type"] == "exotel"
    assert call.start["call_id"] == call.sid
