"""What a running gateway takes from its changed file, and what needs a restart."""

import attrs
import pytest

from exoswitch.config.changes import changes

MORE = """
  second: {api_key: k2, api_token: t0ken-of-second-10}
apps:"""


def changed(read, good, after):
    return changes(read(good), read(after))


def test_equal_files_have_no_change(read, good):
    found = changed(read, good, good + "# a remark\n")
    assert (found.taken, found.need_restart) == ((), ())
    assert found.config == read(good)


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        ("port: 5070", "port: 5071", "trunks (changed: lab)"),
        ("{name: lab,", "{name: next,", "trunks (new: next; removed: lab)"),
        ("\napps:", MORE, "accounts (new: second)"),
        ("t0ken-of-acme-10", "an0ther-token-10", "accounts (changed: acme1)"),
        ("127.0.0.1:9000", "127.0.0.1:9001", "apps (changed: 1001)"),
        ("+918047491899", "+918047491800", "numbers"),
    ],
)
def test_change_of_an_entry_is_taken_and_described_without_its_values(read, good, before, after, taken):
    written = good.replace(before, after)
    found = changed(read, good, written)
    assert (found.taken, found.need_restart) == ((taken,), ())
    assert found.config == read(written)


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ("routing: {strategy: weight}", "routing"),
        ("private_networks: [10.8.0.0/16]", "private_networks"),
        ("calls: {ring_s: 20, max_duration_s: 600}", "calls.ring_s, calls.max_duration_s"),
        ("calls: {full_tone: busy}", "calls.full_tone"),
        ("billing: {currency: EUR}", "billing"),
    ],
)
def test_section_is_taken(read, good, more, taken):
    found = changed(read, good, good + more)
    assert (", ".join(found.taken), found.need_restart) == (taken, ())
    assert found.config == read(good + more)


def test_change_of_streams_is_one_of_the_apps_that_inherit_it(read, good):
    found = changed(read, good, good + "streams: {chunk_ms: 40}\n")
    assert found.taken == ("streams", "apps (changed: 1001)")


def test_other_order_of_trunks_is_a_change(read, good):
    lab = "  - {name: lab, provider: sip, host: 127.0.0.1, port: 5070}\n"
    other = lab.replace("lab", "other").replace("5070", "5071")
    found = changed(read, good.replace(lab, lab + other), good.replace(lab, other + lab))
    assert found.taken == ("trunks (in another order)",)


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ("node: gw7", ("node",)),
        ("gateway: {capacity: 900, on_stop: wait}", ("gateway.capacity",)),
        ("rtp: {ports: 30000-33999, codec: alaw}", ("rtp.ports", "rtp.codec")),
        ('http: "tcp:8081:interface=127.0.0.1"', ("http",)),
        ("cluster: redis://:pa55w0rd@127.0.0.1/0", ("cluster",)),
        ("sessions: memory", ("sessions",)),
        ("journal: elsewhere", ("journal",)),
        ("traces: {max_mb: 5}", ("traces.max_mb",)),
    ],
)
def test_what_needs_a_restart_is_named_by_its_key_and_not_taken(read, good, more, keys):
    found = changed(read, good, good + more)
    assert (found.taken, found.need_restart) == ((), keys)
    assert found.config == read(good)


def test_rest_is_taken_when_a_part_needs_a_restart(read, good):
    written = good.replace("port: 5070", "port: 5071") + "rtp: {jitter_max_ms: 100}\n"
    found = changed(read, good, written)
    assert (found.taken, found.need_restart) == (("trunks (changed: lab)",), ("rtp.jitter_max_ms",))
    assert found.config == attrs.evolve(read(written), rtp=read(good).rtp)
