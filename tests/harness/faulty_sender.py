"""A sender of RTP: good for a while, then with the faults of bad senders, bad networks and bad intentions."""

from exoswitch.rtp.packet import Packetizer

_LENGTHS = (160, 160, 160, 160, 80, 240, 320, 1, 159, 37, 2000)
_ODD_LENGTHS = (0, 1, 4, 160, 319, 700, 2036)
_LOST = (1, 1, 3, 90, 2999, 3001)
_JUMPS = (160, 1600, -160, -8000, 77, 1 << 31, (1 << 31) - 100)


class FaultySender:
    """Makes datagrams from a `random.Random`; now and then it begins anew, with other habits."""

    def __init__(self, rng):
        self._rng = rng
        self._late = []
        self._kinds = (self._lose, self._jump, self._delay, self._double, self._recode, self._no_version)
        self._kinds += (self._cut, self._flip, self._header, self._second_source)
        self._begin()

    def _begin(self):
        rng = self._rng
        payload_type, sequence = rng.choice([0, 0, 8]), rng.choice([65_500, rng.getrandbits(16)])
        self._stream = Packetizer(payload_type, sequence, rng.getrandbits(32), rng.getrandbits(32))
        self._length = rng.choice(_LENGTHS)
        self._step = rng.choice([None, None, None, self._length - 1, 152, 0])  # of the timestamp
        self._faults = rng.choice([0.0, 0.02, 0.1, 0.5])

    def packets(self):
        """Give the datagrams of about 20 ms."""
        rng = self._rng
        if rng.random() < 0.004:
            self._begin()
        count = max(1, min(4, 160 // self._length)) if rng.random() > self._faults / 2 else rng.choice([0, 0, 2, 12])
        for _ in range(count):
            data = self._packet()
            yield from rng.choice(self._kinds)(data) if rng.random() < self._faults else [data]
        if self._late and rng.random() < 0.2:
            yield self._late.pop(rng.randrange(len(self._late)))

    def _packet(self):
        rng, stream = self._rng, self._stream
        length = self._length if rng.random() > self._faults / 5 else rng.choice(_ODD_LENGTHS)
        timestamp = stream.timestamp
        data = stream.encode(self._sound(length), marker=rng.random() < 0.05)
        if self._step is not None:
            stream.timestamp = (timestamp + self._step) & 0xFFFFFFFF
        return data

    def _sound(self, length):
        is_quiet = self._rng.random() < 0.3
        return bytes([self._rng.choice([0xFF, 0xD5, 0x7F])]) * length if is_quiet else self._rng.randbytes(length)

    # --- faults: each gives the datagrams in place of one

    def _lose(self, _data):
        self._stream.sequence = (self._stream.sequence + self._rng.choice(_LOST)) & 0xFFFF
        return []

    def _jump(self, _data):
        jump = self._rng.choice([*_JUMPS, self._rng.getrandbits(32)])
        self._stream.timestamp = (self._stream.timestamp + jump) & 0xFFFFFFFF
        return []

    def _delay(self, data):
        self._late = [*self._late[-200:], data]
        return []

    def _double(self, data):
        return [data, data]

    def _recode(self, data):
        payload_type = self._rng.choice([13, 19, 101, 96, 3, 8, 0])
        return [data[:1] + bytes([payload_type]) + data[2 : self._rng.choice([16, 16, len(data)])]]

    def _no_version(self, data):
        return [bytes([self._rng.getrandbits(8)]) + data[1:]]

    def _cut(self, data):
        return [data[: self._rng.randrange(len(data) + 1)]]

    def _flip(self, data):
        at = self._rng.randrange(12)
        return [data[:at] + bytes([self._rng.getrandbits(8)]) + data[at + 1 :]]

    def _header(self, data):
        return [bytes([0x80 | self._rng.choice([0x10, 0x20, 0x30, 0x01, 0x2F])]) + data[1:]]

    def _second_source(self, data):
        other = data[:8] + (99).to_bytes(4, "big") + data[12:]
        sequence = (int.from_bytes(other[2:4], "big") + 1) & 0xFFFF
        follower = other[:2] + sequence.to_bytes(2, "big") + other[4:]
        return self._rng.choice([[other], [data, other], [other, follower]])
