"""What pipecat-ai makes of the gateway, beyond what every bot does."""

import pytest

from tests.harness.clients.phone_line import on_the_line

pytestmark = pytest.mark.pipecat


def test_start_is_taken_for_exotels_and_for_no_other_providers(pipecat_bot):
    async def scenario(line):
        assert line.start["transport_type"] == "exotel"
        assert line.start["call_id"] == line.sid

    on_the_line(pipecat_bot, "answer", scenario)
