"""Results of `lock` and `unlock` as text."""

from __future__ import annotations

from collections.abc import Callable

from tasktracker_ops.models.lock import LockResult, UnlockResult

LOCK = LockResult("7d2f", "ann@desk", "2026-01-02T03:04:05+00:00", "freeze until Monday")


def test_a_lock_by_hand_is_shown_with_the_command_that_releases_it(
    show: Callable[..., str],
) -> None:
    """So are its reason and its holder."""
    text = show(LOCK)
    for part in ("reason  freeze until Monday", "by      ann@desk", "tt-ops unlock 7d2f"):
        assert part in text


def test_what_is_free_is_called_free(show: Callable[..., str]) -> None:
    """Unless somebody else has locked in the meantime."""
    free = "The deploy lock and both locks of Terraform are free."
    assert show(UnlockResult(("7d2f",))).strip() == f"Released the lock 7d2f. {free}"
    assert show(UnlockResult(())).strip() == f"Nothing was locked. {free}"
    text = show(UnlockResult(("7d2f",), holder="bob@desk runs 'deploy'"))
    assert text.strip() == "Released the lock 7d2f. Locked again: bob@desk runs 'deploy'."
