"""The overview: parts are read while somebody looks, and a failure is shown in its place."""

from __future__ import annotations

from itertools import islice
from typing import Any

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.overview import Part
from tasktracker_ops.workflows.overview import Overview

FAILURE = TtOpsError("aws-error", "it failed", hint="try again in a minute: tt-ops alarms")


def test_a_part_is_read_when_somebody_looks(observed: Any) -> None:
    """Every viewer gets what was read last, and what is read at its request."""
    with Overview(observed, ("alarms",)) as overview:
        assert overview.parts() == {}
        view = overview.view()
        [first] = islice(view, 1)
        assert first is not None
        assert (first.name, first.problem) == ("alarms", None)
        assert [each.name for each in first.content.alarms] == [
            each.name for each in observed.found_alarms
        ]
        [same] = islice(overview.view(), 1)
        assert same is first
        overview.refresh("alarms")
        [second] = islice(view, 1)
        assert second is not None
        assert second.at >= first.at
        assert second is not first


def test_a_failure_keeps_what_was_read_before(observed: Any) -> None:
    """With the time at which it was read, and the problem as a command would print it."""
    with Overview(observed, ("alarms",)) as overview:
        view = overview.view()
        [good] = islice(view, 1)
        observed.found_alarms = FAILURE
        overview.refresh("alarms")
        [bad] = islice(view, 1)
    assert isinstance(good, Part)
    assert isinstance(bad, Part)
    assert (bad.content, bad.at) == (good.content, good.at)
    assert bad.problem is not None
    assert (bad.problem.code, bad.problem.hint) == ("aws-error", FAILURE.hint)


def test_a_closed_overview_ends_its_views(observed: Any) -> None:
    """As when the console ends while a browser shows it."""
    with Overview(observed, ()) as overview:
        overview.publish(Part("drill", "", None))
        view = overview.view()
        assert next(view) == Part("drill", "", None)
    assert list(view) == []
