"""Core: a picture of a two-sided recording as SVG: a lane for each side, and one time axis."""

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.samples import samples_of

_WIDTH, _LANE, _MARGIN, _TOP = 960, 130, 56, 64
_COLOURS = ("#0b7285", "#c2410c")
_STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#334155;font-size:12px}"
    ".title{font-size:17px;font-weight:600;fill:#0f172a}.note{fill:#64748b}"
    ".lane{fill:#f8fafc}.grid{stroke:#e2e8f0}.axis{stroke:#94a3b8}"
)


def waveform_svg(left: bytes, right: bytes, *, title: str, labels: tuple[str, str], note: str = "") -> str:
    """Draw both sides of a recording: 16-bit PCM at 8,000 Hz. The title, labels and note are plain text."""
    duration_s = max(len(left), len(right), 2) / 2 / SAMPLE_RATE_HZ
    bottom = _TOP + 2 * _LANE + 8
    plot = _WIDTH - 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 44}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{bottom + 44}" rx="8" fill="#fff"/>',
        f'<text class="title" x="{_MARGIN}" y="32">{escape(title)}</text>',
        f'<text class="note" x="{_MARGIN}" y="50">{escape(note)}</text>',
    ]
    tops = (_TOP, _TOP + _LANE + 8)
    parts += [f'<rect class="lane" x="{_MARGIN}" y="{top}" width="{plot}" height="{_LANE}" rx="4"/>' for top in tops]
    parts += _axis(duration_s, bottom, plot)
    for pcm, label, top, colour in zip((left, right), labels, tops, _COLOURS, strict=True):
        columns = int(plot * len(pcm) / 2 / SAMPLE_RATE_HZ / duration_s)
        parts += _lane(_peaks(pcm, columns), label, top + _LANE / 2, colour)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _axis(duration_s: float, bottom: int, plot: int) -> Iterator[str]:
    step_s = next((step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300) if duration_s / step <= 12), 600)
    for tick in range(int(duration_s / step_s) + 1):
        x = round(_MARGIN + plot * tick * step_s / duration_s, 1)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>'
        yield f'<text x="{x}" y="{bottom + 20}" text-anchor="middle">{tick * step_s:g}</text>'
    yield f'<line class="axis" x1="{_MARGIN}" x2="{_MARGIN + plot}" y1="{bottom}" y2="{bottom}"/>'
    yield f'<text class="note" x="{_MARGIN + plot}" y="{bottom + 36}" text-anchor="end">seconds</text>'


def _peaks(pcm: bytes, columns: int) -> list[tuple[int, int]]:
    samples = samples_of(pcm)
    if not samples or not columns:
        return []
    edges = [len(samples) * column // columns for column in range(columns + 1)]
    cuts = (samples[start : max(end, start + 1)] for start, end in pairwise(edges))
    return [(min(cut), max(cut)) for cut in cuts]


def _lane(peaks: list[tuple[int, int]], label: str, middle: float, colour: str) -> Iterator[str]:
    yield f'<path fill="{colour}" d="{_outline(peaks, middle)}"/>'
    place = f'transform="rotate(-90 {_MARGIN - 14} {middle})" x="{_MARGIN - 14}" y="{middle}"'
    yield f'<text {place} text-anchor="middle">{escape(label)}</text>'


def _outline(peaks: list[tuple[int, int]], middle: float) -> str:
    loudest = max((max(-low, high) for low, high in peaks), default=0)
    scale = (_LANE / 2 - 8) / max(loudest, 2000)
    above = [f"{_MARGIN + x} {middle - high * scale - 0.4:.1f}" for x, (_, high) in enumerate(peaks)]
    below = [f"{_MARGIN + x} {middle - low * scale + 0.4:.1f}" for x, (low, _) in enumerate(peaks)]
    return "M" + "L".join(above + below[::-1]) + "Z" if peaks else "M0 0"
