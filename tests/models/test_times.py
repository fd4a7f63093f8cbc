"""Time windows: one CloudWatch period holds each of them."""

from __future__ import annotations

from hypothesis import strategies as st

from tasktracker_ops.models.times import time_window
from tests.properties import example, given

LONGEST = 14 * 86400
NOW = st.floats(1.6e9, 4e9)
SINCE = st.floats(60, LONGEST)


@given(now=NOW, since=SINCE)
@example(now=1.7e9 // 60 * 60, since=60)
@example(now=1.7e9 // 60 * 60, since=LONGEST)
def test_one_period_holds_the_whole_window(now: float, since: float) -> None:
    """It is in whole minutes, and less than a minute longer at either end."""
    window = time_window(now, since)
    assert window.start % 60 == window.end % 60 == 0
    assert now - since - 60 < window.start <= now - since
    assert now < window.end <= now + 60
    assert window.start + window.length == window.end


@given(now=NOW, since=SINCE)
def test_there_are_at_most_180_points(now: float, since: float) -> None:
    """The period is in whole minutes, as CloudWatch requires; an explicit one is kept."""
    window = time_window(now, since)
    assert window.period % 60 == 0
    assert since / window.period <= 180
    assert not window.explicit
    assert time_window(now, since, 300).period == 300
    assert time_window(now, since, 300).explicit
