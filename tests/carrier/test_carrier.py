"""The carrier on real sockets, with a caller who knows no more of SIP than UDP: repetitions, ACK, CANCEL, limits."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness.carrier.behaviours import answers, in_turn, is_silent, limited, refuses, rings, tries_only
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.digest import Digest
from tests.harness.carrier.message import Message
from tests.harness.carrier.sdp import Sdp
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.ports import free_port

pytestmark = pytest.mark.loopback

HOST = "127.0.0.1"
OFFER = Sdp(HOST, 40000).encode()


class Caller:
    """One call over UDP."""

    def __init__(self, port, call_id="1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(30)
        self.socket.connect((HOST, port))
        self.port = self.socket.getsockname()[1]
        self.call_id = call_id

    def send(self, method, *headers, to="<sip:9812345678@a>", branch="1", cseq=1, body=b""):
        via = f"SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bK{self.call_id}{branch}"
        own = [("Via", via), ("From", "<sip:1@a>;tag=c"), ("To", to), ("Call-ID", self.call_id)]
        own += [("CSeq", f"{cseq} {method}"), ("Contact", f"<sip:1@{HOST}:{self.port}>"), *headers]
        self.socket.send(Message(f"{method} sip:9812345678@a SIP/2.0", own, body).encode())

    def invite(self, **how):
        self.send("INVITE", body=OFFER, **how)

    def receive(self):
        return Message.parse(self.socket.recv(65535))

    def statuses(self, count):
        return [self.receive().status for _ in range(count)]

    def hears_nothing(self, seconds):
        self.socket.settimeout(seconds)
        with pytest.raises(TimeoutError):
            self.socket.recv(65535)


@pytest.fixture
def carrier():
    with Carrier() as started:
        yield started
        assert started.errors == []


@pytest.fixture
def trunk(carrier):
    return carrier.add(CarrierTrunk("lab", HOST, free_port(), carrier.records))


@pytest.fixture
def call(trunk):
    made = []

    def new():
        made.append(Caller(trunk.port, str(len(made) + 1)))
        return made[-1]

    yield new
    for caller in made:
        caller.socket.close()


def test_final_answer_is_repeated_until_its_ack(call, trunk):
    trunk.behaviour = refuses(486, "Busy Here")
    caller = call()
    caller.invite()
    assert caller.statuses(3) == [100, 486, 486]
    caller.send("ACK")
    caller.hears_nothing(1.2)


def test_repeated_request_gets_the_last_answer_and_is_no_new_call(call, trunk, carrier):
    trunk.behaviour = rings
    caller = call()
    caller.invite()
    assert caller.statuses(2) == [100, 180]
    caller.invite()
    assert caller.statuses(1) == [180]
    assert len(carrier.records.dials()) == len(trunk.calls) == 1


def test_cancelled_call_ends_with_487(call, trunk):
    trunk.behaviour = answers(ring_s=5)
    caller = call()
    caller.invite()
    assert caller.statuses(2) == [100, 180]
    caller.send("CANCEL")
    assert [(m.status, m.method) for m in (caller.receive(), caller.receive())] == [(200, "CANCEL"), (487, "INVITE")]
    caller.send("ACK")
    assert trunk.calls[0].cancelled_at is not None


def test_answered_call_is_hung_up_and_recorded(call, trunk, carrier):
    trunk.behaviour = answers()
    caller = call()
    began = time.monotonic()
    caller.invite()
    caller.receive()
    answer = caller.receive()
    assert Sdp.parse(answer.body).codec_names == ("alaw",)
    caller.send("ACK", to=answer["To"], branch="2")
    caller.send("BYE", to=answer["To"], branch="3", cseq=2)
    assert caller.receive().method == "BYE"
    (record,) = carrier.records.cdrs
    assert record.number == "9812345678"
    assert not record.by_us
    assert 0 < record.seconds < time.monotonic() - began


def test_carrier_hangs_up_by_itself(call, trunk, carrier):
    trunk.behaviour = answers(talk_s=0.1)
    caller = call()
    caller.invite()
    caller.receive()
    answer = caller.receive()
    caller.send("ACK", to=answer["To"], branch="2")
    bye = caller.receive()
    assert (bye.method, bye["To"]) == ("BYE", "<sip:1@a>;tag=c")
    caller.socket.send(bye.response(200, "OK").encode())
    assert carrier.records.cdrs[0].by_us


def test_silent_trunks_answer_nothing_or_100_alone(call, trunk):
    trunk.behaviour = in_turn(is_silent, tries_only)
    first, second = call(), call()
    first.invite()
    first.hears_nothing(0.3)
    second.invite()
    assert second.statuses(1) == [100]
    second.hears_nothing(0.3)


def test_invite_without_credentials_is_challenged(call, trunk):
    trunk.digest = Digest("u", "p", "realm.example")
    caller = call()
    caller.invite()
    challenge = caller.receive()
    assert challenge.status == 407
    assert 'realm="realm.example"' in challenge["Proxy-Authenticate"]
    caller.send("ACK")
    assert trunk.calls == []


def test_call_above_the_limit_is_refused(call, trunk):
    trunk.behaviour = limited(2, refuses(486, "Busy Here"))
    callers = [call() for _ in range(3)]
    for caller in callers:
        caller.invite()
    endings = []
    for caller in callers:
        statuses = (caller.receive().status, caller.receive().status)
        endings.append(next(status for status in statuses if status > 100))
        caller.send("ACK")
    assert endings == [486, 486, 503]


def test_options_are_answered_ignored_or_refused(call, trunk):
    caller = call()
    caller.send("OPTIONS", branch="o1")
    assert caller.receive().status == 200
    trunk.options = 403
    caller.send("OPTIONS", branch="o2")
    assert caller.receive().status == 403
    trunk.options = 0
    caller.send("OPTIONS", branch="o3")
    caller.hears_nothing(0.3)


def test_messages_on_a_connection_are_told_apart_wherever_they_are_cut(carrier):
    trunk = carrier.add(CarrierTrunk("tcp", HOST, free_port(), carrier.records), "tcp")
    with socket.create_connection((HOST, trunk.port), timeout=30) as connection:
        head = [("Via", "SIP/2.0/TCP a;branch=z9hG4bK"), ("To", "<sip:a>"), ("Call-ID", "1")]
        first, second = (
            Message("OPTIONS sip:a SIP/2.0", [(n, f"{v}{i}") for n, v in head] + [("CSeq", f"{i} OPTIONS")], b"x" * i)
            for i in (1, 2)
        )
        data = b"\r\n\r\n" + first.encode() + second.encode()
        for at in range(0, len(data), 7):
            connection.send(data[at : at + 7])
            time.sleep(0.002)
        received = b""
        while received.count(b"SIP/2.0 200") < 2:
            received += connection.recv(4096)
    assert [seen.message.body for seen in carrier.records.requests("OPTIONS")] == [b"x", b"xx"]


def test_somebody_calls_in_and_hangs_up(trunk, carrier):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asterisk:
        asterisk.bind((HOST, 0))
        asterisk.settimeout(30)
        here = asterisk.getsockname()

        def serve():
            invite, peer = _next(asterisk)
            contact = ("Contact", f"<sip:a@{here[0]}:{here[1]}>")
            asterisk.sendto(invite.response(200, "OK", [contact], OFFER, tag="t").encode(), peer)
            ack, _ = _next(asterisk)
            bye, peer = _next(asterisk)
            asterisk.sendto(bye.response(200, "OK").encode(), peer)
            return invite, ack, bye

        with ThreadPoolExecutor(1) as threads:
            served = threads.submit(serve)
            call = carrier.call_in(trunk, "+918047491899;npdi", "09812345678", here)
            carrier.run(call.hang_up())
            invite, ack, bye = served.result(30)
    assert invite.uri == f"sip:+918047491899;npdi@{here[0]}:{here[1]}"
    assert (ack.method, ack.branch != invite.branch) == ("ACK", True)
    assert bye["To"].endswith(";tag=t")
    assert bye.uri == f"sip:a@{here[0]}:{here[1]}"
    assert call.status == 200


def _next(udp):
    data, peer = udp.recvfrom(65535)
    return Message.parse(data), peer
