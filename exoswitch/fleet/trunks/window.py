"""Core: what is counted of a trunk: its calls of the last 30 s, and its answers over the long run."""

from collections import Counter

from attrs import define, field

from exoswitch.fleet.trunks.status import DialResult

BUCKET_MS = 3000
BUCKETS = 10
"""The window is 30 s long, and moves by 3 s."""

BLOCK_DIALS = 200
BLOCK_MS = 60_000
"""The answer ratio is that of blocks of at least 200 dials and 60 s: a phone may ring 20 s before it is answered."""

LONG_RUN_DIALS = 20_000
"""Beyond this the counts of the long run are halved, so that new calls weigh more than old ones."""

ODD_SHARE = 3
"""A ratio below a third of that of the long run is odd."""


def counts_of(result: DialResult) -> dict[str, int]:
    """Give the part of a result in the window's counts."""
    counts = {"answered": 1} if result.answered else {}
    if result.health is not None:
        counts[result.health.value] = 1
    if result.post_dial_s is not None:
        counts |= {"post_dials": 1, "post_dial_ms": round(1000 * result.post_dial_s)}
    if result.sip_status is not None:
        counts[str(result.sip_status)] = 1
    return counts


@define
class Window:
    """Counts by name in buckets of 3 s; a bucket's number is its time divided by its length."""

    buckets: dict[int, Counter[str]] = field(factory=dict)

    def add(self, now_ms: int, **counts: int) -> None:
        """Add to counts; drop the buckets that have left the window."""
        now = now_ms // BUCKET_MS
        self.buckets = {number: its for number, its in self.buckets.items() if now - BUCKETS < number <= now}
        self.buckets.setdefault(now, Counter()).update(counts)

    def totals(self, now_ms: int) -> Counter[str]:
        """Give the counts of the window."""
        now = now_ms // BUCKET_MS
        total: Counter[str] = Counter()
        for number, its in self.buckets.items():
            if now - BUCKETS < number <= now:
                total.update(its)
        return total

    @property
    def changed_ms(self) -> int:
        """Give the time of the last bucket; 0 without one."""
        return BUCKET_MS * max(self.buckets, default=0)


@define
class AnswerRatio:
    """Dials and answers of the block that is under way, and of the long run before it."""

    since_ms: int = 0
    dialled: int = 0
    answered: int = 0
    long_dialled: int = 0
    long_answered: int = 0
    is_odd: bool = False

    def dial(self, now_ms: int) -> None:
        """Count a dial."""
        if self.dialled == 0:
            self.since_ms = now_ms
        self.dialled += 1

    def report(self, now_ms: int, *, answered: bool) -> None:
        """Count a result; a complete block becomes part of the long run."""
        self.answered += answered
        if self.dialled >= BLOCK_DIALS and now_ms - self.since_ms >= BLOCK_MS:
            self._close()

    @property
    def long_run(self) -> float | None:
        """The answer ratio of the long run; None before its first block."""
        return self.long_answered / self.long_dialled if self.long_dialled else None

    def _close(self) -> None:
        if self.long_dialled >= BLOCK_DIALS:
            self.is_odd = ODD_SHARE * self.answered * self.long_dialled < self.long_answered * self.dialled
        self.long_dialled += self.dialled
        self.long_answered += self.answered
        if self.long_dialled > LONG_RUN_DIALS:
            self.long_dialled //= 2
            self.long_answered //= 2
        self.dialled = self.answered = 0
