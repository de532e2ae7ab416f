"""A simulated Asterisk without sockets: tests send actions, read messages, and move the clock."""

from random import Random

from exoswitch.ami import actions
from exoswitch.ami.message import AmiMessage
from exoswitch.ami.originate import originate
from exoswitch.sim.ami_server import AmiServer
from exoswitch.sim.exchange import CloseMedia, OpenMedia, Send
from exoswitch.sim.pbx import SimulatedPbx
from exoswitch.sim.script import parse_script

LEG = "UnicastRTP/10.0.0.5:20000/c(ulaw)"


class AsteriskCore:
    """Carries out effects as the adapter does. `sent` has the messages of each connection."""

    def __init__(self, script="answer-after=1", **options):
        self.now = 100.0
        self.script = parse_script(script)
        self.dialled = []
        self.pbx = SimulatedPbx(choose_script=self._choose, **options)
        self.server = AmiServer(pbx=self.pbx, secret="opensesame", rng=Random(1))
        self.sent, self.opened, self.closed, self.others = {}, [], [], []

    def _choose(self, number, trunk):
        self.dialled.append((number, trunk))
        return self.script

    def carry_out(self):
        while self.pbx.exchange.effects:
            effect = self.pbx.exchange.effects.pop(0)
            match effect:
                case Send(connection, message):
                    self.sent.setdefault(connection, []).append(message)
                case OpenMedia():
                    self.opened.append(effect)
                    self.pbx.media_opened(effect.channel_id, "10.0.1.5", 15000 + len(self.opened))
                case CloseMedia(channel_id):
                    self.closed.append(channel_id)
                case _:
                    self.others.append(effect)

    def act(self, name, *headers, connection=1):
        """Send an action; give the response."""
        return self.send(AmiMessage.action(name, ("ActionID", "a1"), *headers), connection)

    def send(self, action, connection=1):
        before = len(self.sent.get(connection, []))
        self.server.receive(connection, action, self.now)
        self.carry_out()
        answers = self.sent.get(connection, [])[before:]
        return next((message for message in answers if message.get("Response") and not message.event), None)

    def log_in(self, connection=1):
        self.server.connected(connection)
        challenge = self.act("Challenge", connection=connection)
        response = self.send(actions.log_in("exoswitch", "opensesame", challenge), connection)
        assert response.succeeded
        self.sent[connection].clear()

    def originate(self, channel_id="sid-1", channel="PJSIP/0981@lab", ring_s=30.0, dial_string=LEG):
        return self.send(
            originate(
                channel_id=channel_id,
                channel=channel,
                caller_id="0804",
                ring_s=ring_s,
                dial_string=dial_string,
                node="gw1",
            )
        )

    def arrive(self, script=""):
        call = self.pbx.arrive("+9198", "+9180", parse_script(script))
        self.carry_out()
        return call

    def pass_time(self, seconds):
        end = self.now + seconds
        while (due := self.pbx.exchange.next_deadline()) is not None and due <= end:
            self.now = due
            self.pbx.exchange.wake(due)
            self.carry_out()
        self.now = end

    def events(self, connection=1):
        """Take the events so far."""
        told = [message for message in self.sent.get(connection, []) if message.event]
        self.sent[connection] = []
        return told

    def names(self, connection=1):
        return [message.event for message in self.events(connection)]
