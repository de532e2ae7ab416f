from exoswitch.ami.pending_hangups import REFUSALS_MAX, REFUSED_FOR_S, PendingHangUps
from exoswitch.call.events import ChannelDialled, ChannelHungUp, OriginateFailed


def test_hang_up_stays_until_the_channel_is_gone():
    hang_ups = PendingHangUps()
    hang_ups.ask("a", 16, 0.0)
    hang_ups.ask("a", 17, 0.0)
    assert list(hang_ups) == ["a"]
    assert hang_ups["a"].cause == 16
    hang_ups.observe(ChannelHungUp("a", 16, ""))
    assert "a" not in hang_ups


def test_hang_up_of_a_channel_whose_gateway_is_lost_later_counts_as_lost():
    hang_ups = PendingHangUps()
    hang_ups.ask("a", 16, 0.0)
    assert not hang_ups["a"].is_lost
    hang_ups.ask("a", 17, 1.0, is_lost=True)
    hang_ups.ask("a", 18, 2.0)
    assert hang_ups["a"].is_lost
    assert hang_ups["a"].cause == 16


def test_channel_that_asterisk_does_not_know_is_gone():
    hang_ups = PendingHangUps()
    hang_ups.ask("a", 16, 0.0)
    hang_ups.channel_gone("a")
    assert list(hang_ups) == []


def test_channel_that_is_still_being_made_is_hung_up_when_it_appears():
    hang_ups = PendingHangUps()
    hang_ups.originating("a")
    hang_ups.ask("a", 16, 0.0)
    hang_ups.channel_gone("a")
    assert hang_ups.observe(ChannelDialled("a"))
    hang_ups.channel_gone("a")
    assert list(hang_ups) == []


def test_channel_that_appears_and_is_wanted_is_left_alone():
    hang_ups = PendingHangUps()
    hang_ups.originating("a")
    assert not hang_ups.observe(ChannelDialled("a"))


def test_failed_originate_without_a_channel_needs_no_hang_up():
    hang_ups = PendingHangUps()
    hang_ups.originating("a")
    hang_ups.ask("a", 16, 0.0)
    assert not hang_ups.observe(OriginateFailed("a", 0))
    assert list(hang_ups) == []


def test_failed_originate_whose_channel_exists_needs_a_hang_up():
    hang_ups = PendingHangUps()
    hang_ups.originating("a")
    hang_ups.observe(ChannelDialled("a"))
    hang_ups.ask("a", 16, 0.0)
    hang_ups.observe(OriginateFailed("a", 0))
    assert list(hang_ups) == ["a"]


def test_after_a_lost_link_no_such_channel_means_that_it_is_gone():
    hang_ups = PendingHangUps()
    hang_ups.originating("a")
    hang_ups.ask("a", 16, 0.0)
    hang_ups.link_lost()
    assert list(hang_ups) == ["a"]
    hang_ups.channel_gone("a")
    assert list(hang_ups) == []


def test_neither_list_grows_without_bound():
    hang_ups = PendingHangUps()
    for number in range(10_005):
        hang_ups.ask(str(number), 16, 0.0)
        hang_ups.originating(str(number))
    assert len(list(hang_ups)) == 10_000
    assert "4" not in hang_ups
    assert len(hang_ups._unborn) == 10_000


def test_refused_hang_up_stays_and_is_counted():
    hang_ups = PendingHangUps()
    hang_ups.ask("a", 16, 0.0)
    hang_ups.ask("b", 16, 0.0)
    assert [hang_ups.count_refusal("a", now) for now in (1.0, 2.0)] == [1, 2]
    assert list(hang_ups) == ["a", "b"]
    assert hang_ups.refused() == ["a"]


def test_hang_up_is_given_up_after_many_refusals():
    hang_ups = PendingHangUps()
    hang_ups.ask("a", 16, 0.0)
    assert [hang_ups.count_refusal("a", 1.0) for _ in range(REFUSALS_MAX)] == [*range(1, REFUSALS_MAX), 0]
    assert list(hang_ups) == []


def test_hang_up_that_is_refused_too_long_after_it_was_asked_for_is_given_up():
    hang_ups = PendingHangUps()
    hang_ups.ask("a", 16, 5.0)
    assert hang_ups.count_refusal("a", REFUSED_FOR_S + 4.9) == 1
    assert hang_ups.count_refusal("a", REFUSED_FOR_S + 5.0) == 0
    assert list(hang_ups) == []
