from xml.etree import ElementTree as ET

import pytest

from exoswitch.demo.waveform import waveform_svg
from exoswitch.sim.sounds import tone

SECOND = b"".join(tone(440))


def draw(left, right, **words):
    return waveform_svg(left, right, **({"title": "A call", "labels": ("caller", "bot")} | words))


def read(picture):
    return ET.fromstring(picture)  # noqa: S314 - it is our own


@pytest.mark.parametrize(("left", "right"), [(SECOND * 3, SECOND), (b"", b""), (b"\0", SECOND), (bytes(320), b"")])
def test_the_picture_is_xml_with_a_lane_for_each_side(left, right):
    picture = read(draw(left, right))
    namespace = {"svg": "http://www.w3.org/2000/svg"}
    assert len(picture.findall("svg:path", namespace)) == 2
    texts = [text.text for text in picture.findall("svg:text", namespace)]
    assert {"A call", "caller", "bot", "seconds"} <= set(texts)


def test_texts_are_escaped():
    picture = draw(SECOND, SECOND, title="<b>&", labels=("<caller>", "bot"), note='"&"')
    assert "<b>" not in picture
    assert "&lt;caller&gt;" in picture
    read(picture)


def test_the_time_axis_has_round_steps():
    picture = draw(SECOND * 3, b"")
    assert [f">{second:g}</text>" in picture for second in (0, 0.5, 1, 3)] == [True] * 4


def test_a_long_call_does_not_make_a_longer_picture():
    assert len(draw(SECOND * 60, SECOND * 60)) < 40_000


def test_the_shorter_side_ends_early():
    paths = [line for line in draw(SECOND * 4, SECOND).splitlines() if line.startswith("<path")]
    assert len(paths[1]) < len(paths[0]) / 3
