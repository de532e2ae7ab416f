"""Adapter: which of the two media planes runs, the compiled one or the one in Python, and where it ticks."""

from collections.abc import Callable
from typing import Any, Literal, cast

from exoswitch.errors import CannotStart
from exoswitch.rtp.plane import Plane
from exoswitch.rtp.session import AnyPlane, Inbound
from exoswitch.rtp.thread_ticker import ThreadTicks

PlaneName = Literal["compiled", "python"]
TickPlace = Literal["reactor", "thread"]

_MakePlane = Callable[[Inbound, Callable[[Any], None]], AnyPlane]


def choose_plane(wanted: Literal["auto", "compiled", "python"], *, key: str = "rtp.plane") -> PlaneName:
    """Choose the plane that is wanted by the setting `key`; `auto` is the compiled one, if this install has it.

    Raises:
        CannotStart: the compiled plane is wanted, and this install has none.
    """
    has_compiled = _compiled() is not None
    if wanted == "compiled" and not has_compiled:
        raise CannotStart(
            f"{key} is compiled, and this install has no compiled media plane",
            f"Install exoswitch again where there is a C compiler, or set {key} to auto or python.",
        )
    return "compiled" if has_compiled and wanted != "python" else "python"


def choose_tick(
    wanted: Literal["auto", "reactor", "thread"],
    plane: PlaneName,
    *,
    has_sockets: bool = True,
    keys: tuple[str, str] = ("rtp.tick", "rtp.plane"),
) -> TickPlace:
    """Choose where a plane ticks; `auto` is a thread for the compiled one on real sockets.

    `keys` are the settings of the place and of the plane, for the message.

    Raises:
        CannotStart: a thread is wanted where it cannot be.
    """
    can_be_thread = plane == "compiled" and has_sockets
    if wanted == "thread" and not can_be_thread:
        tick_key, plane_key = keys
        raise CannotStart(
            f"{tick_key} is thread, and a thread can run the compiled media plane only, on a reactor with sockets",
            f"Set {tick_key} to auto, or install exoswitch where there is a C compiler and set {plane_key} to auto "
            "or compiled.",
        )
    return "thread" if can_be_thread and wanted != "reactor" else "reactor"


def make_plane(name: PlaneName, inbound: Inbound, failed: Callable[[Any], None]) -> AnyPlane:
    """Make a plane; `failed` is told of an error in a session, inside the exception handler."""
    compiled = _compiled() if name == "compiled" else None
    return Plane(inbound, failed) if compiled is None else compiled(inbound, failed)


def thread_ticks(plane: AnyPlane) -> ThreadTicks:
    """Make the ticks of a compiled plane in a thread of their own: then nothing else may call its `tick`."""
    from exoswitch.rtp import _plane  # noqa: PLC0415 - an install without a compiler has none

    return _plane.Ticking(cast("_plane.Plane", plane))


def plane_in_use(name: PlaneName, tick: TickPlace) -> str:
    """Say which plane runs, and where it ticks, for the log at the start and for the doctor."""
    if name == "compiled":
        return "compiled, in a thread of its own" if tick == "thread" else "compiled, in the reactor"
    if _compiled() is None:
        return "python; this install has no compiled one, which carries several times as many calls"
    return "python, as rtp.plane says; the compiled one carries several times as many calls"


def _compiled() -> _MakePlane | None:
    try:
        from exoswitch.rtp import _plane  # noqa: PLC0415 - an install without a compiler has none
    except ImportError:
        return None
    return _plane.Plane
