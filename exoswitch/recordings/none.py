"""Adapter: no recording: the folder is switched off, or a call cannot be recorded."""

from attrs import frozen
from zope.interface import implementer

from exoswitch.call.recording import Recorded
from exoswitch.call.session import Session
from exoswitch.interfaces.recordings import IRecording, IRecordings


@implementer(IRecording)
@frozen
class NoRecording:
    """The recording of a call that is not recorded, for this reason."""

    reason: str

    def take(self, said: bytes, played: bytes) -> None:
        """Drop audio."""

    def end(self, *, is_over: bool) -> Recorded:  # noqa: ARG002 - as the interface has it
        """Tell why there is none."""
        return Recorded(seconds=0.0, ended_early=self.reason)


@implementer(IRecordings)
@frozen
class NoRecordings:
    """Records no call, for this reason."""

    reason: str = "recordings.folder is empty, so no call is recorded"

    def begin(self, session: Session, offset_s: float) -> NoRecording:  # noqa: ARG002 - as the interface has it
        """Record nothing."""
        return NoRecording(self.reason)
