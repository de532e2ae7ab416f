"""The choice of the media plane."""

import resource

import pytest

from exoswitch.errors import CannotStart
from exoswitch.rtp import planes
from exoswitch.rtp.plane import Plane
from tests.harness.rtp_nodes import NEEDS_COMPILED


@pytest.fixture
def compiled(monkeypatch):
    """Give an install with a compiled plane, whatever this one has."""

    class Compiled(Plane):
        pass

    monkeypatch.setattr(planes, "_compiled", lambda: Compiled)
    return Compiled


@pytest.fixture
def pure(monkeypatch):
    monkeypatch.setattr(planes, "_compiled", lambda: None)


@pytest.mark.parametrize(("wanted", "chosen"), [("auto", "compiled"), ("compiled", "compiled"), ("python", "python")])
def test_an_install_with_a_compiled_plane_runs_it_unless_told_otherwise(compiled, wanted, chosen):
    name = planes.choose_plane(wanted)
    assert name == chosen
    assert isinstance(planes.make_plane(name, None, None), compiled) is (chosen == "compiled")


@pytest.mark.parametrize("wanted", ["auto", "python"])
def test_an_install_without_a_compiled_plane_runs_the_one_in_python(pure, wanted):
    name = planes.choose_plane(wanted)
    assert name == "python"
    assert type(planes.make_plane(name, None, None)) is Plane


def test_a_compiled_plane_that_is_not_installed_is_refused_with_a_remedy(pure):
    with pytest.raises(CannotStart, match=r"no compiled media plane.*set rtp.plane to auto or python"):
        planes.choose_plane("compiled")


@pytest.mark.parametrize(
    ("wanted", "plane", "has_sockets", "chosen"),
    [
        ("auto", "compiled", True, "thread"),
        ("auto", "compiled", False, "reactor"),
        ("auto", "python", True, "reactor"),
        ("thread", "compiled", True, "thread"),
        ("reactor", "compiled", True, "reactor"),
    ],
)
def test_the_plane_ticks_in_a_thread_where_it_can_unless_told_otherwise(wanted, plane, has_sockets, chosen):
    assert planes.choose_tick(wanted, plane, has_sockets=has_sockets) == chosen


def test_the_log_tells_which_plane_runs_and_where_it_ticks(compiled):
    assert planes.plane_in_use("compiled", "thread") == "compiled, in a thread of its own"
    assert planes.plane_in_use("compiled", "reactor") == "compiled, in the reactor"
    assert planes.plane_in_use("python", "reactor").startswith("python, as rtp.plane says")


@NEEDS_COMPILED
def test_a_compiled_plane_that_gets_no_descriptor_says_so():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            planes.make_plane("compiled", None, None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
