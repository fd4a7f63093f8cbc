"""The stream of a worker's output becomes log events, however it is cut into reads."""

from __future__ import annotations

import pytest

from tasktracker_ops.emulator.lambda_runtime.worker_output import OutputParser


def _frame(text: str, milliseconds: int) -> bytes:
    data = text.encode()
    head = len(data).to_bytes(4, "big") + (milliseconds * 1000).to_bytes(8, "big")
    return b"\xa5\x5a\x00\x03" + head + data


STREAM = b"one\n" + _frame("two\nlines", 42) + "thr\u00e9e\n".encode() + _frame("", 7) + b"rest"
MESSAGES = ["one\n", "two\nlines\n", "thr\u00e9e\n", "\n", "rest\n"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 17, 1000])
def test_events_do_not_depend_on_the_size_of_reads(size: int) -> None:
    """They are the same, in the same order."""
    parser = OutputParser()
    lines = [
        line
        for start in range(0, len(STREAM), size)
        for line in parser.feed(STREAM[start : start + size])
    ]
    lines += parser.flush()
    assert [line.message for line in lines] == MESSAGES
    assert lines[1].timestamp == 42
    assert parser.flush() == []


def test_invalid_utf_8_does_not_raise() -> None:
    """A function may print anything."""
    assert [line.message for line in OutputParser().feed(b"\xff\xfe\n")] == ["\ufffd\ufffd\n"]
