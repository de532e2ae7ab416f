"""Root: the floor of a benchmark, in a process of its own: `python -m exoswitch.bench.floor`.

The compiled program makes the system calls of a media gateway, and nothing else. Its messages have the length of
exoswitch's.
"""

import socket
import time

from exoswitch.audio.frames import FRAME_BYTES, FRAME_MS, SAMPLE_RATE_HZ
from exoswitch.bench._floor import Floor
from exoswitch.bench.job import STEADY, Job
from exoswitch.bench.lines import hear, is_heard, tell
from exoswitch.bench.subject import HOST, ends_of, stream_start
from exoswitch.bench.usage import Usage, allow_descriptors
from exoswitch.call.bot_address import parse_address
from exoswitch.exotel.stream.client_frames import ClientFrames
from exoswitch.exotel.stream.handshake import upgrade_request
from exoswitch.exotel.stream.writer import media_encoding

_TURN_S = 0.1
_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
_SILENCE = "A"  # base64


def message_of(job: Job) -> bytes:
    """Write a media message and its frame, of the length in the middle of a call."""
    start = stream_start(f"ws://{HOST}/", job)
    audio_bytes = FRAME_BYTES * job.frames
    payload = (_SILENCE * (4 * ((audio_bytes + 2) // 3))).encode()
    seconds = 30
    number = seconds * 1000 // job.chunk_ms
    text = media_encoding(start, SAMPLE_RATE_HZ).template % (number, number, seconds * 1000, payload)
    return ClientFrames(bytes).text(text)


def connect(port: int) -> int:
    """Connect to a bot; give the descriptor."""
    connection = socket.create_connection((HOST, port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(None)
    return connection.detach()


def rtp_to(port: int) -> int:
    """Bind a UDP port and connect it to a phone; give the descriptor."""
    rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    rtp.bind((HOST, 0))
    rtp.connect((HOST, port))
    return rtp.detach()


def main() -> None:
    """Serve one benchmark's floor."""
    first = hear() or {}
    job, ends = Job.of(first["job"]), ends_of(first["ends"])
    allow_descriptors(2 * job.calls)
    floor = Floor(job.calls, job.frames, message_of(job), bool(job.certificate))
    usage = Usage()
    for end in ends[: job.calls]:
        address = parse_address(f"ws://{HOST}:{end.bot}{STEADY}")
        floor.add(rtp_to(end.phone), connect(end.bot), upgrade_request(address, _KEY))
        floor.run(0)
    tell({"opened": job.calls})
    while True:
        floor.run(_TURN_S)
        if not is_heard():
            continue
        asked = hear()
        if asked is None:
            return
        usage.begin()
        until = time.monotonic() + asked["measure"]
        while (left := until - time.monotonic()) > FRAME_MS / 1000:
            floor.run(left)
        tell(usage.figures())


if __name__ == "__main__":
    main()
