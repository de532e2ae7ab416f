"""Events and lists of channels become inputs of a call, by what the call knows of its audio."""

import pytest

from exoswitch.call.effects import (
    CloseStream,
    DialSecond,
    DirectMedia,
    ReleaseCall,
    SendDigit,
)
from exoswitch.call.events import ChannelTaken, DigitPressed, MediaAnnounced, SwitchReady
from exoswitch.call.feeding import apply_event, apply_listing
from exoswitch.call.session import DisconnectedBy
from tests.harness.call_machine import TO_TALKING, Call, ending_in

HERE, ELSEWHERE = ("10.0.0.5", 20000), ("10.0.0.6", 20000)


def announced(leg):
    return MediaAnnounced("c1", "10.0.1.5", 15100, leg)


def listed(leg):
    return SwitchReady(frozenset({"c1"}), {"c1": leg})


@pytest.mark.parametrize("leg", [HERE, None])
def test_audio_that_asterisk_leads_here_is_followed(leg):
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_event, announced(leg), HERE) == [DirectMedia("10.0.1.5", 15100)]


def test_audio_that_asterisk_leads_to_another_gateway_says_that_the_call_moved():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_event, announced(ELSEWHERE), HERE)[-1] == ReleaseCall(is_elsewhere=True)


def test_announcement_of_the_former_gateways_audio_is_ignored_until_ours_comes():
    call = Call()
    call.feed("resume")
    assert call.apply(apply_event, announced(ELSEWHERE), HERE) == []
    assert call.apply(apply_listing, listed(ELSEWHERE), "c1", HERE) == []
    assert call.apply(apply_event, announced(HERE), HERE) == [DirectMedia("10.0.1.5", 15100)]
    assert call.apply(apply_event, announced(ELSEWHERE), HERE)[-1] == ReleaseCall(is_elsewhere=True)


def test_list_of_channels_that_lacks_a_calls_channel_ends_it_and_one_that_has_it_does_not():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_listing, listed(HERE), "c1", HERE) == []
    assert ending_in(call.apply(apply_listing, listed(HERE), "c2", HERE)).disconnected_by is DisconnectedBy.USER


def test_list_of_channels_with_another_gateways_audio_says_that_the_call_moved():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_listing, listed(ELSEWHERE), "c1", HERE) == [
        CloseStream(None),
        ReleaseCall(is_elsewhere=True),
    ]


def test_channel_that_another_gateway_has_taken_is_let_go():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_event, DigitPressed("c1", "5", 120), HERE) == [SendDigit("5", 120)]
    assert call.apply(apply_event, ChannelTaken("c1"), HERE) == [CloseStream(None), ReleaseCall(is_elsewhere=True)]


def test_pressed_key_and_dialled_number_are_in_no_log_of_their_event_or_effect():
    assert "7" not in repr((DigitPressed("sid", "7", 100), SendDigit("7", 100), DialSecond("+917")))
