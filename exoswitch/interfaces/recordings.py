"""Port: the recordings of this gateway's calls."""

from zope.interface import Interface

from exoswitch.call.recording import Recorded
from exoswitch.call.session import Session


class IRecording(Interface):
    """The recording of one call, while this gateway carries it; a RecordingSink."""

    def take(said: bytes, played: bytes) -> None:
        """Take what the caller said, and what was played to the caller meanwhile: PCM of the same length."""

    def end(*, is_over: bool) -> Recorded:
        """End it, and tell what there is; a call that is not over goes on at another gateway, and so does this."""


class IRecordings(Interface):
    """All recordings."""

    def begin(session: Session, offset_s: float) -> IRecording:
        """Begin to record a call that asks for it, so long after its answer.

        It never fails: an error ends the recording, and not the call.
        """
