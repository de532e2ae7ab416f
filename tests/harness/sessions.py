"""Sessions for tests: a plain one, and a Hypothesis strategy for any."""

from hypothesis import strategies as st

from exoswitch.call.attempts import Attempt
from exoswitch.call.charge import Charge
from exoswitch.call.passthru import Hop, Passthru
from exoswitch.call.recording import Recorded, RecordingWish
from exoswitch.call.session import (
    BotTarget,
    CallStatus,
    Direction,
    DisconnectedBy,
    Ending,
    Flow,
    Session,
    StreamStatus,
)
from exoswitch.call.status_callback import EVENTS, StatusCallback
from exoswitch.call.stream_options import StreamOptions
from exoswitch.sessions.notes import Note

MOMENT = 1_700_000_000.0

SESSION = Session(
    call_sid="c1",
    stream_sid="s1",
    account="acme1",
    direction=Direction.OUTBOUND,
    customer="+919812345610",
    exophone="08047491899",
    bot=BotTarget(url="ws://bot.example.org/ws"),
    created_at=MOMENT,
    updated_at=MOMENT,
)
HUNG_UP = Ending(status=CallStatus.COMPLETED, reason="the caller hung up", cause=16)
RINGING = SESSION.progressed(CallStatus.RINGING, MOMENT + 1)
ENDED = SESSION.ended(HUNG_UP, MOMENT + 9)
NOTES = [Note(1, SESSION), Note(2, RINGING), Note(3, ENDED)]

_texts = st.text(max_size=12) | st.just("a\0\ud800ü")
_moments = st.floats(0, 4e9, allow_nan=False)
_options = st.builds(
    StreamOptions, chunk_ms=st.sampled_from([20, 100]), leg_sid=st.booleans(), ca_file=_texts, numbers=st.just("e164")
)
_endings = st.builds(
    Ending,
    status=st.sampled_from(CallStatus),
    reason=_texts,
    cause=st.none() | st.integers(0, 127),
    stream_status=st.none() | st.sampled_from(StreamStatus),
    disconnected_by=st.sampled_from(DisconnectedBy),
    stream_error=st.none() | _texts,
)
_attempts = st.builds(
    Attempt,
    trunk=_texts,
    channel_id=_texts,
    shown=_texts,
    dialled_at=_moments,
    sip_status=st.none() | st.integers(300, 699),
    cause=st.none() | st.integers(0, 127),
    has_rung=st.booleans(),
    reason=st.none() | _texts,
)
_hops = st.builds(Hop, app=st.none() | _texts, number=st.none() | _texts)
_passthrus = st.builds(Passthru, url=_texts, is_async=st.booleans(), on_200=_hops, otherwise=_hops)
_flows = st.builds(
    Flow,
    hops=st.integers(0, 10),
    began_s=st.floats(0, 14_400),
    digits=_texts,
    ended=st.none() | _endings,
    is_told=st.booleans(),
)
_amounts = st.decimals(0, 10**9, places=6)
_charges = st.builds(
    Charge,
    amount=st.none() | _amounts,
    currency=_texts,
    billed_s=st.integers(0, 10**6),
    baseline=_amounts,
    baseline_currency=_texts,
)
_callbacks = st.builds(
    StatusCallback,
    url=_texts,
    events=st.lists(st.sampled_from(EVENTS), unique=True).map(tuple),
    content=st.sampled_from(["multipart", "json", "form"]),
)
_wishes = st.builds(
    RecordingWish, channels=st.sampled_from(["single", "dual"]), format=st.sampled_from(["mp3", "mp3-hq", "wav"])
)
_recorded = st.builds(Recorded, seconds=_moments, ended_early=st.none() | _texts)
_bots = st.builds(
    BotTarget,
    url=_texts,
    options=_options,
    app=st.none() | _texts,
    passthru=st.none() | _passthrus,
    record=st.none() | _wishes,
)
any_sessions = st.builds(
    Session,
    call_sid=_texts,
    account=_texts,
    direction=st.sampled_from(Direction),
    customer=_texts,
    exophone=_texts,
    bot=_bots,
    flow=st.none() | _flows,
    created_at=_moments,
    updated_at=_moments,
    status=st.sampled_from(CallStatus),
    stream_sid=_texts,
    custom_field=st.none() | _texts,
    answered_at=st.none() | _moments,
    ended_at=st.none() | _moments,
    trunk=st.none() | _texts,
    asterisk=st.none() | _texts,
    gateway=st.none() | _texts,
    channel_id=st.none() | _texts,
    ring_s=st.none() | _moments,
    max_duration_s=st.none() | _moments,
    talked_s=st.none() | _moments,
    attempts=st.lists(_attempts, max_size=3).map(tuple),
    ending=st.none() | _endings,
    charge=st.none() | _charges,
    callback=st.none() | _callbacks,
    recording=st.none() | _wishes,
    recorded=st.none() | _recorded,
)


def sids(sessions):
    """Give the SIDs of sessions, in their order."""
    return [session.call_sid for session in sessions]
