"""Bots' sockets that a thread serves while Python goes on, pauses and takes them back: no byte is lost or swapped."""

import base64
import os
import random
import socket
import time
from contextlib import suppress

import pytest

from exoswitch.audio.g711 import ULAW
from exoswitch.exotel.stream.client_frames import ClientFrames
from exoswitch.rtp.packet import parse
from tests.harness.rtp_nodes import ENCODING, NEEDS_COMPILED, Call, Node, SocketPeer, SocketsClock
from tests.harness.wire import frame

pytestmark = [NEEDS_COMPILED, pytest.mark.loopback]
BOTS, MESSAGES, BURST, TOO_LONG_S = 4, 200, 8, 60
CODES = 30  # in a message
HEAD, TAIL = b'{"event":"media","media":{"payload":"', b'"}}'
SILENCE = b"\xff"


class Bot(Call):
    """A bot and its stream: audio is played, all other messages are noted, and their bytes come in any parts."""

    def __init__(self, node, chance):
        super().__init__()
        self.chance, self.frames = chance, ClientFrames(os.urandom)
        self.near, self.far = socket.socketpair()
        for end in (self.near, self.far):
            end.setblocking(False)
        self.leg, _ = node.open()
        self.phone = node.peer()
        self.leg.direct(*self.phone.address)
        self.leg.attach(self, ENCODING)
        self.codes = bytes(chance.randrange(0x7E) for _ in range(MESSAGES * CODES))
        self.bursts = [self.written(first) for first in range(0, MESSAGES, BURST)]
        self.unsaid, self.said, self.others, self.heard = b"", 0, [], b""
        self.pending, self.is_paused, self.has_ended = b"", False, False
        self.serve()

    def written(self, first):
        """Give the bytes of a burst of messages: one for Python comes first."""
        burst = frame(b"%d" % first)
        for at in range(first * CODES, (first + BURST) * CODES, CODES):
            burst += frame(HEAD + base64.b64encode(ULAW.decode(self.codes[at : at + CODES])) + TAIL)
        return burst

    # --- the stream

    def send_media(self, message):
        if self.served is not None and not self.served.write(self.frames.text(message)):
            self.take_socket_back()

    def serve(self):
        self.served, self.is_paused = self.leg.serve(self.near.fileno(), self), False
        self.go_on()

    def go_on(self):
        has_form = not self.pending and self.chance.random() < 0.9
        return self.served is not None and self.served.go_on((HEAD, TAIL) if has_form else None)

    def socket_waits(self):
        while self.served is not None:
            data = self.served.read()
            if data is None:
                self.take_socket_back()
                return
            self.feed(data)
            self.is_paused = self.chance.random() < 0.2
            if self.is_paused or not self.go_on():
                return

    def take_socket_back(self):
        served, self.served = self.served, None
        if served is not None:
            self.feed(served.take_back()[0])

    def feed(self, data):
        """Take whole frames, all of which are short."""
        data = self.pending + data
        while len(data) > 1 and len(data) >= 2 + data[1]:
            message, data = data[2 : 2 + data[1]], data[2 + data[1] :]
            if message.startswith(HEAD):
                self.leg.play(base64.b64decode(message[len(HEAD) : -len(TAIL)]))
            else:
                self.others.append(int(message))
        self.pending = data

    def step(self):
        """Let some time pass on both sides."""
        if self.served is None and not self.has_ended:
            self.read()
        elif self.chance.random() < 0.01:
            self.take_socket_back()
        elif self.is_paused and self.chance.random() < 0.5:
            self.is_paused = False
            if self.go_on():
                self.socket_waits()
        self.say()
        with suppress(BlockingIOError):
            self.far.recv(1 << 16)
        self.heard += b"".join(parse(packet).payload for packet in self.phone.received()).replace(SILENCE, b"")

    def say(self):
        """Send some bytes; behind a burst, none until the phone has heard it: they would make up for lost news."""
        if not self.unsaid and self.bursts and len(self.heard) == self.said * CODES:
            self.unsaid, self.said = self.bursts.pop(0), self.said + BURST
        if self.unsaid:
            self.unsaid = self.unsaid[self.far.send(self.unsaid[: self.chance.choice([1, 50, 400])]) :]

    def read(self):
        """Do as the transport; between two messages a plane can serve the socket again."""
        with suppress(BlockingIOError):
            data = self.near.recv(100)
            self.has_ended = not data
            self.feed(data)
        if not self.pending and not self.has_ended:
            self.serve()


@pytest.fixture
def node():
    node = Node(SocketsClock(), polled=True, plane="compiled", tick="thread", playout_max_s=300, silence_timeout_s=60)
    node.peer = lambda: node.peers.append(SocketPeer()) or node.peers[-1]
    yield node
    node.close()


@pytest.mark.parametrize("seed", range(2))
def test_all_messages_come_once_and_in_order_and_the_end_of_each_connection_is_seen(node, seed):
    bots = [Bot(node, random.Random(10 * seed + number)) for number in range(BOTS)]

    def until(is_true):
        ends = time.monotonic() + TOO_LONG_S
        while not all(map(is_true, bots)):
            assert time.monotonic() < ends
            node.reactor.read()
            for bot in bots:
                bot.step()
            time.sleep(0.0005)

    until(lambda bot: len(bot.heard) >= len(bot.codes))
    assert [bot.others for bot in bots] == [[*range(0, MESSAGES, BURST)]] * BOTS
    assert [bot.heard == bot.codes for bot in bots] == [True] * BOTS
    for bot in bots:
        bot.far.shutdown(socket.SHUT_WR)
    until(lambda bot: bot.has_ended)
    for bot in bots:
        bot.leg.close()
        bot.near.close()
        bot.far.close()
