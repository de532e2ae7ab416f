"""Asterisk, trunks and a session store that answer when a test says so, in any order, or not at all."""

from collections import Counter

from attrs import evolve
from twisted.internet.defer import Deferred

from exoswitch.call import events as ev
from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.sessions.memory import MemorySessions
from tests.harness.recorders import RecordedSwitch


class Questions:
    """The questions that wait for their answers."""

    def __init__(self):
        self.open = []

    def ask(self, what, about=None):
        answer = Deferred()
        self.open.append((what, about, answer))
        return answer


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
        elif isinstance(event, ev.ChannelRinging | ev.ChannelAnswered) and event.channel_id not in self.ended:
            self.rang.add(call_of(event.channel_id))


def call_of(channel_id):
    return channel_id.partition("-")[0]


class SlowSwitch(RecordedSwitch):
    questions = None
    dials = None

    def _reply(self, *request, result=None):
        del result
        self.asked.append(request)
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
        return self.questions.ask("claim", call_sid)

    def note(self, session):
        last = self.last.get(session.call_sid, session)
        is_settled = last.second != session.second and evolve(last, second=session.second) == session
        self.finals[session.call_sid] += session.status.is_final and not (last.status.is_final and is_settled)
        self.last[session.call_sid] = session
        super().note(session)
