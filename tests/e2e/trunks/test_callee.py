"""What the called person decides is final: no other trunk is tried, and the caller is told which it was."""

from decimal import Decimal

import pytest

from tests.harness.carrier.behaviours import announces, refuses

pytestmark = pytest.mark.e2e

BUSY, DECLINED = (486, "Busy Here"), (603, "Decline")
NO_SUCH_NUMBER, INCOMPLETE = (404, "Not Found"), (484, "Address Incomplete")
GONE = (480, "Temporarily Unavailable")
ANNOUNCED_S = 2.0

OF_THE_NETWORK = ("Reason", 'Q.850;cause=19;text="no answer"')


ANSWERS = {
    "486": (refuses(*BUSY), "busy"),
    "603": (refuses(*DECLINED, ring_s=0.3), "busy"),
    "404": (refuses(*NO_SUCH_NUMBER), "failed"),
    "484": (refuses(*INCOMPLETE), "failed"),
    "180 then 480": (refuses(*GONE, ring_s=1.0), "no-answer"),
    "180 then 480 with a reason": (refuses(*GONE, OF_THE_NETWORK, ring_s=1.0), "no-answer"),
    "480 after 2 s": (refuses(*GONE, after_s=2.0), "no-answer"),
    "183 then 480": (announces(ANNOUNCED_S), "no-answer"),
}


def test_final_answer_of_the_callee_is_no_reason_for_another_trunk(gateway, carrier, pairs, bot):
    pair, calls = pairs["callee"], {}
    for name, (behaviour, _) in ANSWERS.items():
        number = pair.number()
        pair.first.numbers[number[-10:]] = behaviour
        calls[name] = number, gateway.place(f"0{number[-10:]}", bot.url)
    ended = {name: gateway.wait_for_end(call_sid) for name, (_, call_sid) in calls.items()}
    assert {name: call["Status"] for name, call in ended.items()} == {
        name: status for name, (_, status) in ANSWERS.items()
    }
    assert {name: Decimal(call["Price"]) for name, call in ended.items()} == dict.fromkeys(ANSWERS, 0)
    tried = {name: carrier.records.tried(number) for name, (number, _) in calls.items()}
    assert tried == {name: [pair.first.name] for name in ANSWERS}
