"""The two media planes side by side: the same goes into both, and all that comes out is compared.

The compiled one is there twice: as the reactor ticks it, and as a thread does, whose ticks are made by hand. For some
ticks nothing that the thread found is delivered, as if the reactor were busy.
"""

import random
from itertools import zip_longest

from exoswitch.call.media import MediaEncoding
from exoswitch.rtp.planes import make_plane, thread_ticks
from exoswitch.rtp.session import LegSettings

KINDS = ("python", "compiled", "thread")

MOST_BUSY_TICKS = 40  # as many frames wait for a stream

TEMPLATES = (b"%d %d %d %b", b'{"sequence_number":"%d","chunk":"%d","timestamp":"%d","payload":"%b"} 100%%')


class Party:
    """The wire, the listener and the sink of one call in one plane, with its streams.

    `told` has the calls of all of them, but those of the sink are in `recorded`. `reactions` are commands to the call
    that are given from within its next calls of a kind: ("media", command).
    """

    send_errors = 0

    def __init__(self, plane):
        self.plane, self.session = plane, None
        self.told, self.recorded, self.reactions = [], [], []

    def _tell(self, *what):
        self.told.append(what)
        for reaction in [reaction for reaction in self.reactions if reaction[0] == what[0]]:
            self.reactions.remove(reaction)
            self.told.append(("answer", reaction[1](self)))

    def connect(self, address):
        self.told.append(("connect", address))

    def send(self, packet, address):
        self.told.append(("packet", packet, address))

    def media_lost(self, silent_s):
        self._tell("lost", silent_s)

    def playout_finished(self):
        self._tell("finished")

    def take(self, said, played):
        self.recorded.append((said, played))


class Stream:
    """One of the streams of a party, in the order in which they are attached."""

    def __init__(self, party, number):
        self.party, self.number = party, number

    def send_media(self, message):
        self.party._tell("media", self.number, message)

    def send_mark(self, name):
        self.party._tell("mark", self.number, name)


class Side:
    """One plane, its waiting datagrams, and its calls."""

    def __init__(self, kind):
        self.pending, self.failed = [], []
        self.kind = kind
        self.plane = make_plane("python" if kind == "python" else "compiled", self, self.failed.append)
        self.ticks = thread_ticks(self.plane) if kind == "thread" else None
        self.parties, self.messages = [], []

    def tick(self, now, *, is_busy):
        """Let 20 ms pass; what a thread finds while Python is busy waits."""
        if self.ticks is None:
            self.plane.tick(now)
            return
        self.ticks.step(now, is_answered=not is_busy)
        if not is_busy:
            self.ticks.deliver()

    def deliver(self):
        """Deliver what waits."""
        if self.ticks is not None:
            self.ticks.deliver()

    def receive(self):
        waiting, self.pending = self.pending, []
        return iter(waiting)


class PlanePair:
    """All planes; each method does the same to all, and compares what they answer."""

    def __init__(self):
        self.sides = [Side(kind) for kind in KINDS]
        self.streams = 0
        self.steps = 0
        self.busy_ticks = 0  # since the last delivery of the thread's side

    def _all(self, do):
        """Do something to each side, and compare the answers."""
        self.steps += 1
        first, *others = (do(side) for side in self.sides)
        for side, other in zip(self.sides[1:], others, strict=True):
            assert first == other, f"python: {first!r}, {side.kind}: {other!r}"
        return first

    def open(self, settings: LegSettings, seed: int):
        """Open a call; give its number."""

        def open_one(side):
            party = Party(side.plane)
            party.session = side.plane.open(settings, random.Random(seed), party, party, None)
            side.parties.append(party)
            side.messages.append(None)
            return len(side.parties) - 1, len(side.plane)

        return self._all(open_one)[0]

    def command(self, call, name, *arguments, **options):
        """Give a command to a call; most depend on what was told before."""
        if name not in {"play", "mark", "clear"}:
            self.deliver()
        return self._all(lambda side: command(side.parties[call], name, *arguments, **options))

    def attach(self, call, encoding: MediaEncoding):
        """Attach another stream to a call."""
        self.deliver()
        self.streams += 1

        def attach_one(side):
            party = side.parties[call]
            side.messages[call] = party.session.attach(Stream(party, self.streams), encoding)

        self._all(attach_one)

    def record(self, call, *, wanted):
        """Begin or end a recording."""
        self.deliver()
        self._all(lambda side: side.parties[call].session.record(side.parties[call] if wanted else None))
        self.compare()

    def messages(self, call, name):
        """Ask the messages of the newest stream of a call; what the stream sends then has its place in `told`."""

        def ask(side):
            messages = side.messages[call]
            answer = None if messages is None else getattr(messages, name)()
            if name in {"release", "next_number"} and answer is not None:
                side.parties[call].told.append(("media", answer))
            return answer

        return self._all(ask)

    def react(self, call, event, name, *arguments, **options):
        """Let a call give itself a command from within its next event of a kind.

        Not one that answers marks while others of the same tick are not told yet: a thread's plane tells them first.
        """
        self.deliver()
        if event in {"media", "mark"} and name in {"mark", "clear"}:
            return
        for side in self.sides:
            side.parties[call].reactions.append((event, lambda party: command(party, name, *arguments, **options)))

    def remove(self, call):
        """Remove a call."""
        self.command(call, "remove")
        self._all(lambda side: len(side.plane))

    def datagram(self, call, data, address):
        """Let a datagram wait for the next tick, as the reactor does: only if the call accepts its sender."""

        def deliver(side):
            session = side.parties[call].session
            if accepted := session.accepts(address):
                side.pending.append((session, data, address))
            return accepted

        self._all(deliver)

    def unchecked_datagram(self, call, data, address):
        """Keep a datagram of any sender for the next tick."""
        for side in self.sides:
            side.pending.append((side.parties[call].session, data, address))

    def tick(self, now, *, is_busy=False):
        """Let 20 ms pass, and compare; not while the reactor of the thread's side is busy."""
        self.steps += 1
        is_busy = is_busy and self.busy_ticks < MOST_BUSY_TICKS and self.can_be_busy
        self.busy_ticks += is_busy
        for side in self.sides:
            side.tick(now, is_busy=is_busy)
        if not is_busy:
            self.compare()

    @property
    def can_be_busy(self):
        """Whether what is told later has no consequence: no command is given from within."""
        return not any(party.reactions for side in self.sides for party in side.parties)

    def deliver(self):
        """End a time in which the reactor of the thread's side was busy, and compare."""
        if self.busy_ticks:
            for side in self.sides:
                side.deliver()
            self.compare()

    def compare(self):
        """Compare all that came out since the last time, and all counts."""
        was_busy, self.busy_ticks = self.busy_ticks > 0, 0
        python, *others = self.sides
        for side in others:
            for number, (one, other) in enumerate(zip(python.parties, side.parties, strict=True)):
                compare_party(one, other, f"call {number} of {side.kind}", was_busy=was_busy)
            assert not side.failed
        for party in (party for side in self.sides for party in side.parties):
            party.told.clear()
            party.recorded.clear()
        assert not python.failed


def compare_party(one, other, who, *, was_busy):
    """Compare one call in two planes."""
    expected, told = (in_kinds(party.told) if was_busy else party.told for party in (one, other))
    for first, second in zip_longest(expected, told):
        assert first == second, f"{who}: python {first!r:.400}, compiled {second!r:.400}"
    assert one.recorded == other.recorded, f"{who}: recordings differ"
    first, second = state(one.session), state(other.session)
    assert first == second, f"{who}: python {first!r}, compiled {second!r}"


def in_kinds(told):
    """Sort what was told by its kind: marks overtake messages that wait. Of packets for a wire, the last is kept."""
    return sorted((what[:1] if what[0] == "packet" else what for what in told), key=lambda what: what[0])


def command(party, name, *arguments, **options):
    """Give a command to one call; a removal is one too."""
    if name == "remove":
        return party.plane.remove(party.session)
    return getattr(party.session, name)(*arguments, **options)


def state(session):
    """Give all that can be asked of a call."""
    return session.closed, session.failures, session.queued_ms, session.counts()
