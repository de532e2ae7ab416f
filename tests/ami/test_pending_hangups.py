from exoswitch.ami.pending_hangups import HangUps
from exoswitch.call.events import ChannelDialled, ChannelHungUp, OriginateFailed


def test_hang_up_stays_until_the_channel_is_gone():
    hang_ups = HangUps()
    hang_ups.ask("a", 16)
    hang_ups.ask("a", 17)
    assert list(hang_ups) == ["a"]
    assert hang_ups.cause("a") == 16
    hang_ups.observe(ChannelHungUp("a", 16, ""))
    assert "a" not in hang_ups


def test_channel_that_asterisk_does_not_know_is_gone():
    hang_ups = HangUps()
    hang_ups.ask("a", 16)
    hang_ups.no_such_channel("a")
    assert list(hang_ups) == []


def test_channel_that_is_still_being_made_is_hung_up_when_it_appears():
    hang_ups = HangUps()
    hang_ups.originating("a")
    hang_ups.ask("a", 16)
    hang_ups.no_such_channel("a")
    assert hang_ups.observe(ChannelDialled("a"))
    hang_ups.no_such_channel("a")
    assert list(hang_ups) == []


def test_channel_that_appears_and_is_wanted_is_left_alone():
    hang_ups = HangUps()
    hang_ups.originating("a")
    assert not hang_ups.observe(ChannelDialled("a"))


def test_originate_that_came_to_nothing_needs_no_hang_up():
    hang_ups = HangUps()
    hang_ups.originating("a")
    hang_ups.ask("a", 16)
    assert not hang_ups.observe(OriginateFailed("a", 0))
    assert list(hang_ups) == []


def test_failed_originate_whose_channel_exists_still_needs_one():
    hang_ups = HangUps()
    hang_ups.originating("a")
    hang_ups.observe(ChannelDialled("a"))
    hang_ups.ask("a", 16)
    hang_ups.observe(OriginateFailed("a", 0))
    assert list(hang_ups) == ["a"]


def test_after_a_lost_link_no_such_channel_means_what_it_says():
    hang_ups = HangUps()
    hang_ups.originating("a")
    hang_ups.ask("a", 16)
    hang_ups.link_lost()
    assert list(hang_ups) == ["a"]
    hang_ups.no_such_channel("a")
    assert list(hang_ups) == []


def test_neither_list_grows_without_bound():
    hang_ups = HangUps()
    for number in range(10_005):
        hang_ups.ask(str(number), 16)
        hang_ups.originating(str(number))
    assert len(list(hang_ups)) == 10_000
    assert "4" not in hang_ups
    assert len(hang_ups._unborn) == 10_000
