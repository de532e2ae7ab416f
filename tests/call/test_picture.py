"""The picture of a call's states is that of the machine."""

import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "draw_call.py"


@pytest.fixture(scope="module")
def drawing():
    return runpy.run_path(str(TOOL))


def test_picture_is_that_of_the_machine(drawing):
    same = drawing["PAGE"].read_text(encoding="utf-8") == drawing["page"]()
    assert same, "docs/call-states.md shows another machine: run `python tools/draw_call.py`"


def test_arrows_follow_a_good_call_and_leave_out_what_changes_no_state(drawing):
    arrows = drawing["arrows"]()
    assert arrows["connecting", "talking"] == ["stream_opened"]
    assert "rejected" in arrows["ringing", "over"]
    assert not [pair for pair in arrows if pair[0] == pair[1] or pair[0] == "over"]
