"""A whole stream: a bot's bytes on one side, frames of a call on the other."""

import base64
import json

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.config.model import RtpConfig
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.sim.conversation import Conversation, Mark
from tests.harness.rtp_nodes import MemoryNode
from tests.harness.wire import Wire, frame, stream_start

SILENT = ULAW.silence * FRAME_SAMPLES
TONE = b"\x10\x20" * FRAME_SAMPLES
TONE_CODED = ULAW.encode(TONE)


class Talk:
    """A bot and a phone, with the gateway's stream and media between them."""

    def __init__(self, **options):
        self.node = MemoryNode(playout_max_s=RtpConfig().playout_max_s)
        self.leg, _ = self.node.open()
        self.phone, self.voice = self.node.peer(), Packetizer(0, 1, 160, 99)
        self.leg.direct(*self.phone.address)
        self.wire = Wire(stream_start(**options), leg=self.leg, entropy=bytes)
        self.bot = Conversation()
        self.texts = []

    def say(self, *messages):
        """Let the bot send messages: text unchanged, other values as JSON."""
        for message in messages:
            self.wire.send(frame(message.encode() if isinstance(message, str) else message))

    def speak(self, pcm=TONE):
        self.phone.send(self.voice.encode(ULAW.encode(pcm), marker=False), self.leg.port)

    def heard(self, ticks):
        """Let time pass; give the audio that the phone received."""
        self.node.tick(ticks)
        return [parse(data).payload for data in self.phone.received()]

    def told(self):
        """Give the names of the marks sent back to the bot since the last call."""
        return [told.name for told in self.read() if isinstance(told, Mark)]

    def read(self):
        """Let the bot read its messages."""
        texts = [json.dumps(message) for message in self.wire.messages()]
        self.texts += texts
        return [self.bot.feed(text, 0.0) for text in texts]


def media(pcm, **extra):
    return {"event": "media", "media": {"payload": base64.b64encode(pcm).decode()}, **extra}


def mark(name, **extra):
    return {"event": "mark", "mark": {"name": name}, **extra}


CLEAR = {"event": "clear"}
