"""Asterisk, trunks and a session store that answer when a test says so, in any order, or not at all.

They say only what the real ones can say. A question to Asterisk has no answer but a failure once the link is lost:
`AmiProtocol` fails all that waits, and nothing is asked before the list of channels has come on the next link. So a
list never tells of a channel whose Originate is still without an answer.
"""

from collections import Counter

from attrs import evolve
from twisted.internet.defer import Deferred, fail

from exoswitch.call import events as ev
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, NoCapacity, TrunkRefused
from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.sessions.memory import MemorySessions
from tests.harness.recorders import RecordedSwitch

NOTHING, AWAY, REFUSED = None, BackendUnavailable("away"), TrunkRefused("no")
GONE, TAKEN = ChannelGone("gone"), CallTaken("gw2 has it")
ASKED_OF_STORE = {"save": (NOTHING, AWAY), "claim a call": (True, False, AWAY)}
ASKED_OF_TRUNKS = {"take": (NOTHING, NoCapacity("full"))}
ASKED_OF_SWITCH = {
    "originate": (NOTHING, AWAY, REFUSED),
    "tap": (NOTHING, AWAY, REFUSED),
    "bridge": (NOTHING, AWAY, REFUSED, GONE, TAKEN),
    "claim": (NOTHING, AWAY, REFUSED, GONE, TAKEN),
    "turn_away": (NOTHING, AWAY, REFUSED, GONE, TAKEN),
    "take_over": (True, False, AWAY, REFUSED, GONE),
    "adopt": (True, False, AWAY, REFUSED, GONE),
}
ANSWERS = {**ASKED_OF_STORE, **ASKED_OF_TRUNKS, **ASKED_OF_SWITCH}
"""The answers to each question that its port (`exoswitch.interfaces`) allows; good ones come first."""


class Questions:
    """The questions that wait for their answers."""

    def __init__(self):
        self.open = []

    def ask(self, what, about=None):
        answer = Deferred()
        self.open.append((what, about, answer))
        return answer

    def fail_all(self, asked, problem):
        """Fail the questions that are open now and are among these."""
        failing = [question for question in self.open if question[0] in asked]
        self.open = [question for question in self.open if question[0] not in asked]
        for _, _, answer in failing:
            if not answer.called:
                answer.errback(problem)


class Dials:
    """What was dialled for each call: at most one channel at a time, and none after a phone has rung."""

    def __init__(self):
        self.up, self.ended, self.rang = [], set(), set()

    def originate(self, channel_id):
        call_sid = call_of(channel_id)
        assert channel_id not in self.up
        assert not [each for each in self.up if call_of(each) == call_sid and each not in self.ended]
        assert call_sid not in self.rang
        self.up.append(channel_id)

    def tell(self, event):
        if event.channel_id not in self.up:
            return
        if isinstance(event, ev.ChannelHungUp | ev.OriginateFailed):
            self.ended.add(event.channel_id)
        elif isinstance(event, ev.ChannelRinging | ev.ChannelAnswered):
            self.ring({event.channel_id})

    def ring(self, channel_ids):
        """Let those of these channels that have not ended ring their phones."""
        self.rang |= {call_of(channel_id) for channel_id in channel_ids & set(self.up) - self.ended}

    def end_unseen(self, channel_ids):
        """End these channels while nobody sees it: their phones may have rung."""
        self.ring(channel_ids)
        self.ended |= channel_ids


def call_of(channel_id):
    return channel_id.partition("-")[0]


class SlowSwitch(RecordedSwitch):
    """An Asterisk whose manager port answers nothing while the link is down, nor after it what was asked before."""

    questions = None
    dials = None

    def lose_link(self):
        self.ready = False
        self.questions.fail_all(ASKED_OF_SWITCH, AWAY)

    def _reply(self, *request, result=None):
        del result
        self.asked.append(request)
        if not self.ready:
            return fail(AWAY)
        if request[0] == "originate":
            self.dials.originate(request[1].channel_id)
        return self.questions.ask(request[0])


class SlowTrunks(MemoryTrunks):
    questions = None

    def __init__(self, gateway, now):
        super().__init__(gateway, now)
        self.reports = Counter()

    def take(self, token, candidates, **options):
        take = super().take
        return self.questions.ask("take").addCallback(lambda _: take(token, candidates, **options))

    def report(self, trunk, result, *, token=""):
        self.reports[token, "answer" if result.health is None else "health"] += 1
        super().report(trunk, result, token=token)


class SlowSessions(MemorySessions):
    questions = None

    def __init__(self):
        super().__init__()
        self.finals, self.last = Counter(), {}

    def save(self, session):
        return self.questions.ask("save", session)

    def claim(self, call_sid, token):
        del token
        return self.questions.ask("claim a call", call_sid)

    def note(self, session):
        last = self.last.get(session.call_sid, session)
        is_settled = last.second != session.second and evolve(last, second=session.second) == session
        self.finals[session.call_sid] += session.status.is_final and not (last.status.is_final and is_settled)
        self.last[session.call_sid] = session
        super().note(session)
