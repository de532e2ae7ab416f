"""Tapes of calls, made by hand for the judge."""

from base64 import b64encode
from json import dumps

from exoswitch.certify.scenario import Terms
from exoswitch.certify.tape import Tape
from exoswitch.sim.sounds import tone

SID, OTHER_SID = "5" * 32, "6" * 32
TERMS = Terms(url="ws://bot.example.org/")
TONE = tone(440)


def tape(label="", *, sid=SID, opened=0.02, hung_up=5.0, closed=5.1, code=1000, reason=""):
    """A call that began at 0 s; None means that the event did not happen."""
    tape = Tape(label, sid, 0.0)
    tape.opened_at = opened
    if hung_up is not None:
        tape.hung_up(hung_up)
    if closed is not None:
        tape.code, tape.reason, tape.closed_at = code, reason, closed
    return tape


def unreached(error="3009 failed to establish ws conn: bot.example.org:80: no route"):
    tape = Tape("", SID, 0.0)
    tape.error, tape.closed_at = error, 1.0
    return tape


def talk(tape, since, seconds):
    """Add sound of the bot."""
    for tick in range(round(seconds / 0.02)):
        tape.line_tick(TONE[tick % 50], since + tick * 0.02)


def media(pcm, **words):
    return dumps({"event": "media", "media": {"payload": b64encode(pcm).decode()}, **words}).encode()


def mark(name):
    return dumps({"event": "mark", "mark": {"name": name}}).encode()
