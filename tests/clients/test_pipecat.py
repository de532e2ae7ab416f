"""What pipecat-ai makes of the gateway, beyond what every bot does."""

import pytest

from tests.harness.clients.phone_call import run_call

pytestmark = pytest.mark.pipecat


def test_start_is_taken_for_exotels_and_for_no_other_providers(pipecat_bot):
    async def scenario(call):
        assert call.start["transport_type"] == "exotel"
        assert call.start["call_id"] == call.sid

    run_call(pipecat_bot, "answer", scenario)
