"""Warnings about addresses of other machines."""

import pytest

from exoswitch.config.own_addresses import is_own, strange


def warned(config, own):
    return {problem.path: problem.text for problem in strange(config, own.__contains__)}


def test_addresses_of_this_machine_have_no_warning(read, good):
    config = read(good + "rtp: {bind: 10.0.0.5, advertise: 10.0.0.5}\n")
    assert warned(config, {"10.0.0.5"}) == {}


def test_an_advertised_address_of_another_machine_is_a_warning(read, good):
    found = warned(read(good + "rtp: {advertise: 10.0.0.6}\n"), {"0.0.0.0", "10.0.0.5"})
    assert found.keys() == {"rtp.advertise"}
    assert found["rtp.advertise"].startswith("is 10.0.0.6, no address of this machine: calls are silent unless")


def test_a_bind_address_of_another_machine_is_a_warning(read, good):
    found = warned(read(good + "rtp: {bind: 10.0.0.6, advertise: 10.0.0.5}\n"), {"10.0.0.5"})
    assert found == {"rtp.bind": "is 10.0.0.6, no address of this machine: no call gets a port; write 0.0.0.0"}


@pytest.mark.parametrize("key", ["rtp.advertise", "asterisks[0].host"])
def test_an_address_to_which_nobody_can_send_is_refused(problems, good, key):
    text = (
        good + "rtp: {advertise: 0.0.0.0}\n" if key == "rtp.advertise" else good.replace("127.0.0.1}", "0.0.0.0}", 1)
    )
    remedy = "must be the address of one machine, and 0.0.0.0 is none; write one such as 10.0.0.5"
    assert remedy in problems(text)[key]


@pytest.mark.loopback
def test_the_kernel_tells_which_addresses_are_this_machines():
    assert is_own("127.0.0.1")
    assert is_own("0.0.0.0")
    assert not is_own("192.0.2.1")
