"""A gateway loses its link to Asterisk while a phone rings, and the phone is answered before the link is up again."""

import json

import pytest

from tests.e2e.calls.conftest import gateway_config
from tests.harness.e2e.ami_relay import AmiRelay
from tests.harness.e2e.gateway import ACCOUNT, GatewayProcess
from tests.harness.e2e.lab_phones import LabPhones
from tests.harness.e2e.ports import free_port
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

FIRST, SECOND, EXOPHONE = "09812345678", "09812345611", "08047491899"
CALLS = f"/v1/Accounts/{ACCOUNT}/Calls"
RING_S = 1  # shorter than what the test listens to


@pytest.fixture
def phones(asterisk, phone):
    with LabPhones(asterisk) as running:
        running.begin(phone)
        yield running


@pytest.fixture
def relay(asterisk):
    with AmiRelay((asterisk.ami_host, asterisk.ami_port)) as running:
        yield running


@pytest.fixture
def gateway(asterisk, relay, tmp_path):
    port = free_port()
    ami = relay.endpoint
    config = json.loads(gateway_config(asterisk, http_port=port, bot_port=free_port(), trunk="lab", ami=ami))
    config["calls"]["ring_s"] = RING_S
    with GatewayProcess(tmp_path / "gateway", json.dumps(config), port) as running:
        yield running


def test_second_phone_that_is_answered_while_the_link_is_down_is_not_hung_up(gateway, relay, phones, ami):
    phones.let_ring(SECOND)
    form = {"From": FIRST, "To": SECOND, "CallerId": EXOPHONE}
    call_sid = gateway.request(f"{CALLS}/connect.json", form)[1]["Call"]["Sid"]
    phones.of(SECOND)
    relay.cut()
    eventually(lambda: gateway.request("/readyz")[0] == 503)
    phones.answer()
    phones.assert_hear_each_other()  # for longer than RING_S
    relay.release()
    eventually(lambda: gateway.request("/readyz")[0] == 200)
    phones.assert_hears(1)
    phones.hang_up(phones.of(SECOND))
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"
    ended = gateway.request(f"{CALLS}/{call_sid}.json?details=true")[1]["Call"]
    assert ended["Details"]["Leg2Status"] == "completed"
    ami.wait_until_idle()
