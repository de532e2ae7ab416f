import pytest

from exoswitch.audio.frames import FRAME_BYTES
from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.sim.network import Conditions
from exoswitch.sim.script import parse_script
from exoswitch.sim.sounds import noise
from tests.harness.virtual_call import cached, run_virtual_call

TEN_MINUTES = 600
TICKS = 30_000


@pytest.fixture(scope="module")
def lossy_call():
    return run_virtual_call(TEN_MINUTES, Conditions(delay_s=0.03, jitter_s=0.01, loss=0.02, burst=3), seed=11)


def test_loss_is_near_its_target_and_counted_exactly(lossy_call):
    reception, network = lossy_call.leg.reception, lossy_call.network_out
    assert network.lost / TICKS == pytest.approx(0.02, rel=0.25)
    assert reception.received == network.delivered
    assert reception.lost == pytest.approx(network.lost, abs=5)  # a loss at the end is not detected


def test_lost_frames_are_concealed_and_the_others_are_heard(lossy_call):
    heard = lossy_call.latency_out
    assert heard.recognised >= 0.995 * lossy_call.network_out.delivered
    assert heard.recognised + heard.unrecognised == pytest.approx(TICKS, abs=5)


def test_the_phone_hears_the_echo_without_gaps(lossy_call):
    ear = lossy_call.caller.ear
    assert ear.malformed == 0
    assert ear.reception.lost == pytest.approx(lossy_call.network_back.lost, abs=5)
    assert len(ear.recording) == pytest.approx(TICKS * FRAME_BYTES, abs=20 * FRAME_BYTES)


def test_the_delay_is_bounded_and_does_not_build_up(lossy_call):
    assert lossy_call.latency_out.p99_ms <= 30 + 10 + 3 * 20
    assert lossy_call.latency_out.max_ms <= 30 + 10 + 200
    assert lossy_call.latency_back.p99_ms <= 30 + 10 + 3 * 20
    assert lossy_call.longest_queue_ms <= 60


def test_over_a_network_without_faults_every_frame_arrives():
    call = run_virtual_call(20, Conditions())
    assert (call.latency_out.recognised, call.latency_out.lost) == (1000, 0)
    assert call.latency_back.lost == 0
    assert call.leg.jitter.concealed == 0
    assert call.latency_out.max_ms < 20


def test_the_same_seed_gives_the_same_call():
    conditions = Conditions(delay_s=0.02, jitter_s=0.05, loss=0.1, burst=4, duplicate=0.05, reorder=0.05)
    first, second = (run_virtual_call(10, conditions, seed=5) for _ in range(2))
    assert first.caller.ear.recording == second.caller.ear.recording
    assert first.latency_out == second.latency_out


def test_a_call_can_have_another_script_than_babble():
    call = run_virtual_call(1, Conditions(), script=parse_script("tone=440,0.5"))
    assert any(call.caller.ear.recording[:8000])
    assert not any(call.caller.ear.recording[12000:])


@pytest.mark.parametrize("law", [ULAW, ALAW], ids=lambda law: law.name)
def test_cached_law_encodes_as_the_law_does(law):
    quick = cached(law)
    for frame in noise()[:20]:
        assert quick.encode(frame) == law.encode(frame)
        assert quick.encode(frame) is quick.encode(frame)


def test_cached_laws_do_not_share_results():
    frame = noise()[0]
    assert cached(ULAW).encode(frame) != cached(ALAW).encode(frame)


def test_cached_law_decodes_as_the_law_does():
    quick = cached(ALAW)
    assert (quick.name, quick.payload_type, quick.silence) == (ALAW.name, ALAW.payload_type, ALAW.silence)
    assert quick.decode(bytes(range(256))) == ALAW.decode(bytes(range(256)))
