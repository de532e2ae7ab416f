"""The two media planes side by side: the same goes into both, and all that comes out is compared."""

import random
from itertools import zip_longest

from exoswitch.call.media import MediaEncoding
from exoswitch.rtp.planes import make_plane
from exoswitch.rtp.session import LegSettings

KINDS = ("python", "compiled")

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
        self.plane = make_plane(kind, self, self.failed.append)
        self.parties, self.messages = [], []

    def receive(self):
        waiting, self.pending = self.pending, []
        return iter(waiting)


class PlanePair:
    """Both planes; each method does the same to both, and compares what they answer."""

    def __init__(self):
        self.sides = [Side(kind) for kind in KINDS]
        self.streams = 0
        self.steps = 0

    def _both(self, do):
        """Do something to each side, and compare the answers."""
        self.steps += 1
        first, second = (do(side) for side in self.sides)
        assert first == second, f"python: {first!r}, compiled: {second!r}"
        return first

    def open(self, settings: LegSettings, seed: int):
        """Open a call; give its number."""

        def open_one(side):
            party = Party(side.plane)
            party.session = side.plane.open(settings, random.Random(seed), party, party, None)
            side.parties.append(party)
            side.messages.append(None)
            return len(side.parties) - 1, len(side.plane)

        return self._both(open_one)[0]

    def command(self, call, name, *arguments, **options):
        """Give a command to a call."""
        return self._both(lambda side: command(side.parties[call], name, *arguments, **options))

    def attach(self, call, encoding: MediaEncoding):
        """Attach another stream to a call."""
        self.streams += 1

        def attach_one(side):
            party = side.parties[call]
            side.messages[call] = party.session.attach(Stream(party, self.streams), encoding)

        self._both(attach_one)

    def record(self, call, *, wanted):
        """Begin or end a recording."""
        self._both(lambda side: side.parties[call].session.record(side.parties[call] if wanted else None))
        self.compare()

    def messages(self, call, name):
        """Ask the messages of the newest stream of a call."""

        def ask(side):
            messages = side.messages[call]
            return None if messages is None else getattr(messages, name)()

        return self._both(ask)

    def react(self, call, event, name, *arguments, **options):
        """Let a call give itself a command from within its next event of a kind."""
        for side in self.sides:
            side.parties[call].reactions.append((event, lambda party: command(party, name, *arguments, **options)))

    def remove(self, call):
        """Remove a call."""
        self.command(call, "remove")
        self._both(lambda side: len(side.plane))

    def datagram(self, call, data, address):
        """Let a datagram wait for the next tick, as the reactor does: only if the call accepts its sender."""

        def deliver(side):
            session = side.parties[call].session
            if accepted := session.accepts(address):
                side.pending.append((session, data, address))
            return accepted

        self._both(deliver)

    def unchecked_datagram(self, call, data, address):
        """Keep a datagram of any sender for the next tick."""
        for side in self.sides:
            side.pending.append((side.parties[call].session, data, address))

    def tick(self, now):
        """Let 20 ms pass, and compare."""
        self.steps += 1
        for side in self.sides:
            side.plane.tick(now)
        self.compare()

    def compare(self):
        """Compare all that came out since the last time, and all counts."""
        python, compiled = (side.parties for side in self.sides)
        for number, (one, other) in enumerate(zip(python, compiled, strict=True)):
            for told in zip_longest(one.told, other.told):
                assert told[0] == told[1], f"call {number}: python {told[0]!r:.400}, compiled {told[1]!r:.400}"
            assert one.recorded == other.recorded, f"call {number}: recordings differ"
            for gathered in (one.told, other.told, one.recorded, other.recorded):
                gathered.clear()
            first, second = state(one.session), state(other.session)
            assert first == second, f"call {number}: python {first!r}, compiled {second!r}"
        assert [len(side.failed) for side in self.sides] == [0, 0]


def command(party, name, *arguments, **options):
    """Give a command to one call; a removal is one too."""
    if name == "remove":
        return party.plane.remove(party.session)
    return getattr(party.session, name)(*arguments, **options)


def state(session):
    """Give all that can be asked of a call."""
    return session.closed, session.failures, session.queued_ms, session.counts()
