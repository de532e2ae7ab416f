from exoswitch.ami.names import GRACE_S, longest_call_s


def test_asterisk_ends_a_call_later_than_its_gateway_should():
    assert longest_call_s(3600.0) == 3600 + GRACE_S
    assert longest_call_s(0.2) == 1 + GRACE_S
