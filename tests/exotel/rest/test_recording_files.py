"""A recording is served at its URLs: to the account's key, or to a signature that has not expired."""

import base64
import os
from urllib.parse import urlsplit

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed

from exoswitch.call.recording import Recorded, RecordingWish
from exoswitch.errors import BackendUnavailable, CallNotFound
from exoswitch.exotel.recording_links import RecordingLinks
from exoswitch.exotel.rest.recording_files import AGAIN_S, PREFIX, WAIT_S, RecordingFiles
from exoswitch.exotel.rest.resource import RestResource
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.dialer_accounts import ACCOUNTS
from tests.harness.http import Server
from tests.harness.recordings import SID
from tests.harness.rest_api import authentication_of, rest_api
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

NAME = ("acme1", SID, "mp3")
PATH = f"/exotelrecordings/acme1/{SID}.mp3"
AUDIO = bytes(range(256)) * 1000
ACCOUNT = ACCOUNTS.by_name["acme1"]
KEY = (ACCOUNT.api_key, ACCOUNT.api_token)
LINKS = RecordingLinks(base_url="http://gw.example.org", secret=b"a secret of the fleet")
OVER = evolve(
    SESSION, call_sid=SID, answered_at=MOMENT, recording=RecordingWish(), recorded=Recorded(seconds=9.0)
).ended(HUNG_UP, MOMENT + 9)
LOST = evolve(OVER, recorded=None)


class Calls:
    """The gateway's calls: one that ended a moment ago, unless a test says otherwise."""

    session = OVER

    def find(self, account, call_sid):
        if self.session is None or (account, call_sid) != (self.session.account, self.session.call_sid):
            return fail(CallNotFound("no such call"))
        return succeed(self.session)


class Shelf:
    """A server with a folder of recordings, at a time of its own; while it `holds`, its reads wait."""

    def __init__(self, folder):
        self.folder, self.now, self.waiting, self.holds, self.written = folder, MOMENT, [], False, []
        self.server, self.calls = Server(None), Calls()
        clock, metrics = self.server.clock, MemoryMetrics()
        files = RecordingFiles(
            find=lambda account, sid, suffix: folder / f"{account}-{sid}.{suffix}",
            is_written=lambda *name: succeed(name in self.written),
            links=lambda: LINKS,
            authentication=authentication_of(lambda: ACCOUNTS, clock, metrics),
            calls=self.calls,
            in_thread=self.in_thread,
            clock=clock,
            wall_clock=lambda: self.now,
        )
        api = rest_api((), lambda: ACCOUNTS, clock, metrics, lambda: self.now)
        self.server = Server(RestResource(api, {PREFIX: files.answer}), clock=clock)

    @property
    def file(self):
        return self.folder / f"acme1-{SID}.mp3"

    def in_thread(self, work, *arguments):
        if not self.holds:
            return maybeDeferred(work, *arguments)
        waiting = Deferred()
        self.waiting.append(lambda: waiting.callback(work(*arguments)))
        return waiting

    def get(self, path=PATH, *headers, method="GET", auth=None):
        return self.server.ask(method, path, headers=headers, auth=auth)


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.file.write_bytes(AUDIO)
    return shelf


def header(reply, name):
    return reply.headers.getRawHeaders(name, [None])[0]


@pytest.mark.parametrize("user", [ACCOUNT.api_key, "acme1"])
def test_a_recording_is_served_to_the_key_or_the_sid_of_its_account(shelf, user):
    reply = shelf.get(auth=(user, ACCOUNT.api_token))
    assert (reply.code, reply.text) == (200, AUDIO)
    assert header(reply, "Content-Type") == "audio/mpeg"
    assert header(reply, "Accept-Ranges") == "bytes"


@pytest.mark.parametrize("auth", [None, ("acme1", "wrong"), ("nobody", "t")])
def test_without_the_key_it_is_refused_with_a_challenge(shelf, auth):
    reply = shelf.get(auth=auth)
    assert reply.code == 401
    assert header(reply, "WWW-Authenticate").startswith("Basic")


def test_a_head_request_tells_the_size_alone(shelf):
    reply = shelf.get(method="HEAD", auth=KEY)
    assert (reply.code, header(reply, "Content-Length"), reply.text) == (200, str(len(AUDIO)), b"")


@pytest.mark.parametrize(
    ("asked", "part"), [("bytes=0-9", AUDIO[:10]), ("bytes=-7", AUDIO[-7:]), ("bytes=200000-", AUDIO[200000:])]
)
def test_a_part_is_served(shelf, asked, part):
    reply = shelf.get(PATH, f"Range: {asked}", auth=KEY)
    start = AUDIO.rindex(part) if asked.startswith("bytes=-") else int(asked[6:].split("-")[0])
    assert (reply.code, reply.text) == (206, part)
    assert header(reply, "Content-Range") == f"bytes {start}-{start + len(part) - 1}/{len(AUDIO)}"


def test_a_part_that_the_file_does_not_have_is_refused(shelf):
    reply = shelf.get(PATH, "Range: bytes=999999-", auth=KEY)
    assert (reply.code, header(reply, "Content-Range")) == (416, f"bytes */{len(AUDIO)}")


def test_a_part_of_an_older_file_is_answered_with_the_whole(shelf):
    tag = header(shelf.get(auth=KEY), "ETag")
    assert shelf.get(PATH, "Range: bytes=0-9", f"If-Range: {tag}", auth=KEY).code == 206
    assert shelf.get(PATH, "Range: bytes=0-9", 'If-Range: "old"', auth=KEY).code == 200


def test_a_signed_url_needs_no_key_until_it_expires(shelf):
    signed = urlsplit(LINKS.presigned_url(OVER, MOMENT, 300))
    assert shelf.get(f"{signed.path}?{signed.query}").text == AUDIO
    shelf.now += 301
    late = shelf.get(f"{signed.path}?{signed.query}")
    assert late.code == 403
    assert "ask for a new PreSignedRecordingUrl" in late.message
    assert shelf.get(f"{signed.path}?{signed.query}&x=1", auth=KEY).code == 403


def test_a_recording_that_is_not_there_is_not_found(shelf):
    reply = shelf.get(PATH.replace(SID, "f" * 32), auth=KEY)
    assert reply.code == 404
    assert "or not yet" in reply.message


def _asked_early(shelf):
    """Ask for the recording of a call that has just ended; the file is not there yet."""
    shelf.file.rename(shelf.folder / "unfinished")
    connection = shelf.server.connect()
    token = base64.b64encode(":".join(KEY).encode()).decode()
    connection.send(f"GET {PATH} HTTP/1.1\r\nHost: gw\r\nAuthorization: Basic {token}\r\n\r\n".encode())
    return connection


def test_a_request_at_the_end_of_the_call_waits_for_the_recording(shelf):
    connection = _asked_early(shelf)
    shelf.server.clock.pump([0.1] * 10)
    assert connection.replies() == []
    (shelf.folder / "unfinished").rename(shelf.file)
    shelf.server.clock.pump([0.1] * 20)
    (reply,) = connection.replies()
    assert (reply.code, reply.text) == (200, AUDIO)


def test_a_request_waits_five_seconds_for_a_recording_that_does_not_come(shelf):
    connection = _asked_early(shelf)
    shelf.server.clock.pump([0.1] * round(10 * (WAIT_S - AGAIN_S)))
    assert connection.replies() == []
    shelf.server.clock.pump([0.1] * 10)
    (reply,) = connection.replies()
    assert reply.code == 404


def test_a_client_that_disconnects_ends_the_wait(shelf):
    connection = _asked_early(shelf)
    shelf.server.clock.pump([0.1] * 10)
    connection.hang_up()
    assert [call for call in shelf.server.clock.getDelayedCalls() if call.getTime() < AGAIN_S + 1.1] == []


@pytest.mark.parametrize(
    "session",
    [
        evolve(OVER, ended_at=MOMENT - 60),
        evolve(OVER, recording=None),
        evolve(OVER, recorded=Recorded(seconds=0.0, ended_early="the disk is full")),
        evolve(SESSION, call_sid=SID, answered_at=MOMENT, recording=RecordingWish()),
        LOST,
    ],
    ids=["ended long ago", "not recorded", "nothing was recorded", "not ended", "lost"],
)
def test_no_request_waits_for_a_recording_that_will_not_come_soon(shelf, session):
    shelf.calls.session = session
    connection = _asked_early(shelf)
    shelf.server.clock.advance(0)
    (reply,) = connection.replies()
    assert reply.code == 404


def test_a_request_waits_for_the_recording_of_two_phones_while_it_is_written(shelf):
    shelf.calls.session = LOST
    shelf.written.append(NAME)
    connection = _asked_early(shelf)
    shelf.server.clock.pump([0.1] * 10)
    assert connection.replies() == []
    (shelf.folder / "unfinished").rename(shelf.file)
    shelf.written.clear()
    shelf.server.clock.pump([0.1] * 10)
    (reply,) = connection.replies()
    assert reply.code == 200


def test_a_request_waits_no_longer_than_the_recording_is_written(shelf):
    shelf.calls.session = LOST
    shelf.written.append(NAME)
    connection = _asked_early(shelf)
    shelf.server.clock.pump([0.1] * 10)
    shelf.written.clear()
    shelf.server.clock.pump([0.1] * 3)
    assert [reply.code for reply in connection.replies()] == [404]


def test_while_the_session_store_is_away_a_recording_that_is_not_there_may_come(shelf):
    shelf.calls.find = lambda *_: fail(BackendUnavailable("the session store cannot be reached: see the log"))
    connection = _asked_early(shelf)
    (reply,) = connection.replies()
    assert reply.code == 503


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}acme1", f"{PATH}.part", f"{PREFIX}acme1/..%2fx.mp3"])
def test_no_other_path_leads_to_a_file(shelf, path):
    assert shelf.get(path, auth=KEY).code == 404


def test_only_reads_are_methods_of_a_recording(shelf):
    assert shelf.get(method="POST", auth=KEY).code == 405


def test_an_empty_recording_is_served(shelf):
    shelf.file.write_bytes(b"")
    assert (shelf.get(auth=KEY).code, shelf.get(auth=KEY).text) == (200, b"")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(os.devnull)])
def test_what_is_no_file_is_no_recording(shelf, make):
    shelf.file.unlink()
    make(shelf.file)
    shelf.calls.session = None
    assert shelf.get(auth=KEY).code == 404


def _begun(shelf):
    """Begin a download whose reads wait for `step`."""
    connection = shelf.server.connect()
    token = base64.b64encode(":".join(KEY).encode()).decode()
    shelf.holds = True
    connection.send(f"GET {PATH} HTTP/1.1\r\nHost: gw\r\nAuthorization: Basic {token}\r\n\r\n".encode())
    shelf.server.clock.pump([0.1] * 3)
    return connection


def _step(shelf):
    waiting, shelf.waiting = shelf.waiting, []
    for work in waiting:
        work()
    shelf.server.clock.pump([0.1] * 2)


def test_a_client_that_does_not_read_pauses_the_reading_and_is_closed_in_the_end(shelf):
    connection = _begun(shelf)
    _step(shelf)  # opens the file
    connection.socket.producer.pauseProducing()
    _step(shelf)
    assert shelf.waiting == []
    size = len(connection.socket.value())
    assert size < len(AUDIO)
    connection.socket.producer.resumeProducing()
    shelf.server.clock.advance(0.1)
    assert len(shelf.waiting) == 1
    connection.socket.producer.pauseProducing()
    _step(shelf)
    shelf.server.clock.advance(61)
    _step(shelf)
    assert connection.is_closed


def test_a_client_that_disconnects_ends_the_reading(shelf):
    connection = _begun(shelf)
    _step(shelf)
    connection.hang_up()
    _step(shelf)
    _step(shelf)
    assert shelf.waiting == []


def test_a_file_that_is_opened_for_a_client_that_is_gone_is_closed(shelf, monkeypatch):
    opened, closed = [], []
    real_open, real_close = os.open, os.close
    monkeypatch.setattr(os, "open", lambda *arguments: opened.append(real_open(*arguments)) or opened[-1])
    monkeypatch.setattr(os, "close", lambda descriptor: closed.append(descriptor) or real_close(descriptor))
    connection = _begun(shelf)
    connection.hang_up()
    _step(shelf)  # opens the file
    _step(shelf)
    assert len(opened) == 1
    assert closed == opened
