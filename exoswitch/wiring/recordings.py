"""Root: the recordings of calls: their folder and their threads, their URLs, and the files at these URLs."""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from exoswitch.call.session import Session
from exoswitch.config.addresses import interface_of
from exoswitch.config.model import Config
from exoswitch.exotel.recording_links import RecordingLinks
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.endpoint import Asked
from exoswitch.exotel.rest.recording_files import PREFIX, RecordingFiles
from exoswitch.interfaces.calls import ICalls
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.recordings import IRecordings
from exoswitch.network.addresses import Endpoint
from exoswitch.recordings.files import Place
from exoswitch.recordings.none import NoRecordings
from exoswitch.recordings.recorder import Recorder
from exoswitch.recordings.upkeep import Upkeep
from exoswitch.tasks.worker_thread import WorkerThread
from exoswitch.web.site import Handler

THREADS = ("recordings", "old recordings", "downloads")

_GB = 1_000_000_000
_DAY_S = 86_400.0


@frozen
class Recordings:
    """The recordings of a gateway; `recorder` is None if no call is recorded."""

    recorder: Recorder | None
    _folder: Path
    _base_url: str
    _own_url: str
    _downloads: WorkerThread
    _reactor: Any

    @classmethod
    def of(cls, config: Config, reactor: Any, threads: Mapping[str, WorkerThread], metrics: IMetrics) -> "Recordings":
        """Make them as configured."""
        settings = config.recordings
        folder = Path(settings.folder)
        recorder = None
        if settings.folder:
            recorder = Recorder(
                reactor,
                Upkeep(folder, settings.retention_days * _DAY_S, settings.max_gb * _GB),
                in_thread=threads["recordings"].run,
                aside=threads["old recordings"].run,
                wall_clock=time.time,
                metrics=metrics,
            )
        return cls(recorder, folder, settings.base_url, own_url(config), threads["downloads"], reactor)

    @property
    def of_calls(self) -> IRecordings:
        """The recordings, as calls see them."""
        return NoRecordings() if self.recorder is None else self.recorder

    def links(self) -> RecordingLinks:
        """Make URLs for callbacks, which nobody asks for by HTTP."""
        key = b"" if self.recorder is None else self.recorder.key
        return RecordingLinks(base_url=self._base_url or self._own_url, secret=key)

    def links_for(self, asked: Asked) -> RecordingLinks:
        """Make URLs for a client: without `base_url`, they begin with the address that it has used."""
        return evolve(self.links(), base_url=self._base_url or asked.base_url)

    def url(self, session: Session) -> str:
        """Give the URL of a call's recording; an empty text if there is none."""
        return self.links().recording_url(session) or ""

    def promised_url(self, session: Session) -> str:
        """Give the URL that a call's recording will have after its end; an empty text if it is not recorded."""
        return self.links().promised_url(session) or ""

    def routes(self, authentication: Authentication, calls: ICalls) -> Mapping[str, Handler]:
        """Give the handler of all URLs of recordings."""
        if self.recorder is None:
            return {}
        files = RecordingFiles(
            find=self._find,
            is_written=partial(self.recorder.is_written, in_thread=self._downloads.run),
            links=self.links,
            authentication=authentication,
            calls=calls,
            in_thread=self._downloads.run,
            clock=self._reactor,
            wall_clock=time.time,
        )
        return {PREFIX: files.answer}

    def _find(self, account: str, call_sid: str, suffix: str) -> Path:
        return Place.of(self._folder, account, call_sid, suffix).file


def own_url(config: Config) -> str:
    """Give the URL of the HTTP port of this gateway, as far as the configuration tells it."""
    endpoint, interface = Endpoint.of(config.http), interface_of(config.http)
    if interface is None:
        return "http://localhost"
    port = endpoint.named.get("port") or (endpoint.positional or ("8080",))[0]
    return f"http://{interface or config.rtp.advertise}:{port}"
