# The Python side of native/rtp/ticking.c, a part of `_plane`.

cdef enum:
    WATCHDOG_S = 10  # a reactor that delivers nothing for so long hangs: the audio of its calls ends, too

cdef class Ticking:
    """The ticks of a plane, in a thread of its own; `fileno` can be read when there is something to deliver.

    After `watchdog_s` seconds without a call of `deliver` or `take_lateness_s`, ticks are left out until the next one.
    """

    cdef ticking _ticking
    cdef Plane _plane
    cdef bint _is_open

    def __cinit__(self, Plane plane not None, double watchdog_s=WATCHDOG_S):
        self._plane = plane
        self._is_open = True
        if not ticking_open(&self._ticking, &plane._plane, watchdog_s):
            PyErr_SetFromErrno(OSError)
        plane._is_threaded = True

    def __del__(self):
        """Stop before the garbage collector takes the plane, the sessions and their parts away."""
        self.stop()

    def __dealloc__(self):
        if self._is_open:
            ticking_close(&self._ticking)

    def fileno(self):
        """Give the descriptor that wakes the reactor."""
        return self._ticking.waker

    def start(self):
        """Begin; the first tick is 20 ms from now. Nothing else may call the plane's `tick`.

        Raises:
            OSError: the kernel gives this process no further thread.
        """
        if not ticking_start(&self._ticking):
            PyErr_SetFromErrno(OSError)

    def stop(self):
        """End, after the tick in progress; without effect if it is not running."""
        with nogil:
            ticking_stop(&self._ticking)

    def step(self, double now, *, bint is_answered=False):
        """Tick once, as the thread does; it must not be running. For tests.

        With `is_answered`, Python delivers at once what a bot has sent, as a quick reactor does while the tick waits.
        """
        if self._plane._tick(now, is_answered):
            ticking_wake(&self._ticking)

    def deliver(self):
        """Tell of all that the ticks found; a tick that waits for this goes on."""
        cdef uint64_t asked = ticking_begin_delivery(&self._ticking)
        try:
            self._plane._deliver()
        finally:
            ticking_end_delivery(&self._ticking, asked)

    @property
    def skipped(self):
        """The number of ticks that were left out: the machine was too slow, or the reactor hung for `watchdog_s`."""
        return ticking_skipped(&self._ticking)

    def take_lateness_s(self):
        """Give how late the ticks began since the last call, in seconds; not more than those of 20 s."""
        cdef double lateness_s[LATENESS_KEPT]
        cdef size_t count = ticking_take_lateness(&self._ticking, lateness_s, LATENESS_KEPT)
        return [lateness_s[at] for at in range(count)]
