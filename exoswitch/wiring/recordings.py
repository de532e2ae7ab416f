"""Root: the recordings of calls: their folder and their threads, and the URLs of finished ones."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exoswitch.config.model import Config
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.recordings import IRecordings
from exoswitch.recordings.none import NoRecordings
from exoswitch.recordings.recorder import Recorder
from exoswitch.recordings.upkeep import Upkeep
from exoswitch.tasks.worker_thread import WorkerThread

_GB = 1_000_000_000
_DAY_S = 86_400.0


def recordings(config: Config, reactor: Any, threads: Mapping[str, WorkerThread], metrics: IMetrics) -> IRecordings:
    """Make what records calls, where there is a folder for it."""
    settings = config.recordings
    if not settings.folder:
        return NoRecordings()
    return Recorder(
        reactor,
        Upkeep(Path(settings.folder), settings.retention_days * _DAY_S, settings.max_gb * _GB),
        in_thread=threads["recordings"].run,
        aside=threads["old recordings"].run,
        wall_clock=time.time,
        metrics=metrics,
    )
