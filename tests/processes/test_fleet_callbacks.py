"""Status callbacks of a fleet: another gateway tells what a dead one could not."""

import json

import pytest

from tests.harness.fleet.far_side import SHORT
from tests.harness.fleet.fleet import eventually
from tests.harness.fleet.lone import ask_callbacks
from tests.harness.receivers import OK, Receiver, reply
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]


def test_callback_of_a_dead_gateway_is_sent_by_another_one_and_by_one_alone(fleet):
    answers = [reply("503 Later")]
    (asterisk, *_) = fleet.far_side.asterisks.values()
    receiver = fleet.far_side.do(Receiver, asterisk.reactor, lambda _request: answers[-1])
    first = fleet.gateways[0]
    url = receiver.url("/told?key=1")
    sid = first.place(SHORT, fleet.far_side.bot.url, StatusCallback=url, **ask_callbacks("terminal")).call_sid

    def told():
        documents = [json.loads(request.body) for request in list(receiver.requests)]
        return [document["Status"] for document in documents if document["CallSid"] == sid]

    try:
        eventually(told, lambda: "nothing was told")
        for gateway in fleet.gateways[:2]:
            gateway.kill()
        tries = len(told())
        answers.append(OK)
        eventually(lambda: len(told()) > tries, told, within_s=60.0)
        assert set(told()) == {"completed"}
        assert fleet.gateways[2].show(sid).body["Call"]["Status"] == "completed"
    finally:
        fleet.far_side.do(receiver.stop)
