from exoswitch.exotel.stream.unfinished import Unfinished

KIB, MIB = 1024, 1024 * 1024


def test_short_unfinished_messages_are_not_counted():
    room = Unfinished()
    assert [room.note(owner, 64 * KIB) for owner in range(1000)] == [None] * 1000
    assert room.all_bytes == 0


def test_the_longest_of_too_many_unfinished_messages_is_given_up():
    room = Unfinished()
    assert [room.note(owner, 2 * MIB - 4 * KIB) for owner in "abcde"] == [None] * 5
    assert room.note("f", 2 * MIB) is None
    assert room.note("g", 65 * KIB) == "f"


def test_the_longest_message_of_exotel_s_protocol_may_arrive_slowly_while_others_flood():
    room = Unfinished()
    assert room.note("slow", 66 * KIB) is None
    for number in range(1000):
        given_up = room.note(number, 2 * MIB)
        assert given_up != "slow"
        if given_up is not None:
            room.note(given_up, 0)
    assert room.note("slow", 100 * KIB) != "slow"


def test_a_finished_message_gives_its_room_back():
    room = Unfinished()
    for owner in range(1000):
        assert room.note(owner, 2 * MIB) is None
        assert room.note(owner, 0) is None
    assert room.all_bytes == 0


def test_a_message_that_grows_is_counted_once():
    room = Unfinished()
    for size in range(0, 2 * MIB, 64 * KIB):
        room.note("a", size)
    assert room.all_bytes == 2 * MIB - 64 * KIB
