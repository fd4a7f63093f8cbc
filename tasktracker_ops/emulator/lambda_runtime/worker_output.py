"""The output of a worker: plain lines, and framed log messages between them."""

from __future__ import annotations

import time

from tasktracker_ops.emulator.logs.writer import LogLine

_FRAME_MAGIC = b"\xa5\x5a"  # never valid UTF-8 at the start of a character
_FRAME_HEAD = 16


class OutputParser:
    """Cuts the byte stream of one worker into log events, in the order they were written.

    `print` arrives as bare lines. What goes through `logging` arrives from awslambdaric in frames
    (4 bytes type, 4 length, 8 microseconds, text), so a message of many lines stays one event.
    """

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[LogLine]:
        """Return the events completed by `data`; the rest waits for more."""
        self._buffer += data
        lines: list[LogLine] = []
        while (line := self._next()) is not None:
            lines.append(line)
        return lines

    def flush(self) -> list[LogLine]:
        """Return what is left without a newline, at the end of an invocation."""
        rest, self._buffer = self._buffer, b""
        return [_plain(rest)] if rest else []

    def _next(self) -> LogLine | None:
        if self._buffer.startswith(_FRAME_MAGIC):
            return self._next_frame()
        newline = self._buffer.find(b"\n")
        frame = self._buffer.find(_FRAME_MAGIC)
        ends = [end for end in (newline + 1, frame) if end > 0]
        return _plain(self._take(min(ends))) if ends else None

    def _next_frame(self) -> LogLine | None:
        size = int.from_bytes(self._buffer[4:8], "big")
        if len(self._buffer) < _FRAME_HEAD + size:
            return None
        frame = self._take(_FRAME_HEAD + size)
        timestamp = int.from_bytes(frame[8:_FRAME_HEAD], "big") // 1000
        return LogLine(timestamp, _text(frame[_FRAME_HEAD:]))

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def _plain(line: bytes) -> LogLine:
    return LogLine(time.time_ns() // 1_000_000, _text(line))


def _text(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    return text if text.endswith("\n") else text + "\n"
