"""Core: the resampler of this installation: compiled, or else in Python; both give the same samples."""

try:
    from exoswitch.audio._native import Resampler
except ImportError:  # exoswitch was installed without a compiler
    from exoswitch.audio.resample import Resampler  # type: ignore[assignment] # of the same methods

__all__ = ["Resampler"]
