"""Two ways to show a run: two lines that are drawn anew on a terminal, and lines one after another anywhere else."""

import os
import re
import textwrap
import threading

from .wording import how_far, what_is_done

STEP = 10  # per cent between two lines where there is no terminal
EVERY = 1.0  # seconds between two drawings on a terminal, if nothing happens
BAR = 24  # characters of the bar
NARROW = 60  # columns below which there is no bar
MARGIN = 3  # columns that stay free at the right: the terminal writes ^C there


def display_for(stream):
    """The display that suits a stream."""
    is_terminal = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Screen(stream) if is_terminal else Lines(stream)


class Lines:
    """Plain text: a line for every tenth of the work, for files, pipes and terminals that know no more."""

    def __init__(self, stream):
        self._stream, self._progress, self._shown = stream, None, -1

    def show(self, progress):
        """Begin with a run."""
        self._progress = progress
        self.say(f"{progress.total} jobs")

    def update(self):
        """Write a line if another tenth is done."""
        percent = self._progress.percent()
        if percent // STEP > self._shown // STEP:
            self._shown = percent
            self.say(f"{how_far(self._progress)}: {what_is_done(self._progress)}")

    def say(self, text):
        """Write a text for good."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    conclude = say

    def close(self):
        """Nothing is left to be put in order."""


class Screen:
    """Two lines at the bottom of a terminal. What is said goes above them. No mode of the terminal is changed."""

    def __init__(self, stream):
        self._stream, self._progress = stream, None
        self._drawn = []
        self._lock, self._over = threading.Lock(), threading.Event()

    def show(self, progress):
        """Begin with a run, and draw it anew every second from now on."""
        self._progress = progress
        threading.Thread(target=self._tick, daemon=True).start()

    def update(self):
        """Draw the lines anew."""
        with self._lock:
            if not self._over.is_set():
                self._write(self._erased() + self._picture())

    def say(self, text):
        """Write a text above the lines."""
        with self._lock:
            goes_on = self._progress is not None and not self._over.is_set()
            self._write(f"{self._erased()}{text}\n" + (self._picture() if goes_on else ""))

    def conclude(self, text):
        """Write the last text, without breaking a word."""
        self.close()
        self.say("\n".join(folded(line, self._columns()) for line in text.splitlines()))

    def close(self):
        """Take the lines away for good."""
        self._over.set()
        with self._lock:
            self._write(self._erased())

    def _tick(self):
        while not self._over.wait(EVERY):
            self.update()

    def _write(self, text):
        self._stream.write(text)
        self._stream.flush()

    def _columns(self):
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except OSError:
            return 80

    def _picture(self):
        """Both lines, none of them so wide that the terminal would break it."""
        columns, far = self._columns(), how_far(self._progress)
        if columns >= NARROW:
            full = round(BAR * self._progress.percent() / 100)
            far = f"[{'#' * full}{'.' * (BAR - full)}] {far}"
        self._drawn = [cut(line, columns - MARGIN) for line in (far, what_is_done(self._progress))]
        return "\n".join(self._drawn)

    def _erased(self):
        """What takes the lines away: back to their beginning, also where the terminal was made narrower since."""
        if not self._drawn:
            return ""
        columns = self._columns()
        rows = sum(max(-(-len(line) // columns), 1) for line in self._drawn)
        self._drawn = []
        return f"\r\x1b[{rows - 1}A\x1b[J"


def cut(line, width):
    """A line in so many columns."""
    return line if len(line) <= width else f"{line[: max(width - 3, 0)]}..."


def folded(line, columns):
    """A line ``  name       what`` with what does not fit below its own beginning."""
    begin = re.match(r"  \w+(?: \w+)?  +", line)
    indent = " " * (begin.end() if begin else 2)
    kept = {"break_long_words": False, "break_on_hyphens": False, "drop_whitespace": True}
    return textwrap.fill(line, columns, subsequent_indent=indent, replace_whitespace=False, **kept)
