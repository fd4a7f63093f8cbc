"""A status as text."""

from __future__ import annotations

from collections.abc import Iterable

from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.lock import DeployLockStatus, TerraformLock
from tasktracker_ops.models.release import UNRELEASED, ServingRelease
from tasktracker_ops.models.status import ApiHealth, Status, Subscription

from .alarm import short_reason
from .columns import cut
from .release import commit
from .results import problem_text, summary_title, text
from .screen import Screen
from .text import StyledText, ago, escape_control_characters, left, pairs, state

_LEAST_REASON = 20  # columns of a reason that is cut


@text.register
@summary_title("Status")
def _(result: Status, screen: Screen) -> str:
    # What is left beside names and states.
    names = ["subscriptions", *map(escape_control_characters, result.alarm_names)]
    width = None if screen.columns is None else screen.columns - max(map(len, names)) - 13
    rows = {
        "API": _api(result.api),
        "function": _function(result),
        **_releases(result.releases),
        **alarm_states(result, width),
        "alarms": _proof(result.alarms_proven_at, screen),
        "subscriptions": _subscriptions(result.subscriptions),
        "deploy lock": _deploy_lock(result.deploy_lock),
        "state lock": _lock(result.state_lock),
    }
    problems = [problem_text(problem, screen) for problem in result.problems]
    title = f"Task Tracker at {escape_control_characters(result.api.url)}"
    return "\n".join(
        [title, "", pairs(rows, screen.columns), "", *(problems or ["Everything is healthy."])]
    )


def alarm_states(result: Status, width: int | None) -> dict[str, StyledText]:
    """Return the states of the alarms by name, their reasons cut to `width`."""
    missing = state("missing") if result.alarms is not None else _unknown("the alarms")
    rows = dict.fromkeys(map(escape_control_characters, result.alarm_names), missing)
    return rows | {
        escape_control_characters(each.name): _alarm_state(each, width)
        for each in result.alarms or ()
    }


def _alarm_state(alarm: Alarm, width: int | None) -> StyledText:
    since = ago(alarm.since)
    if alarm.muted_by:
        length = f" for {left(alarm.muted_until)}" if alarm.muted_until else ""
        since = f"muted{length}, {since}"
    reason = short_reason(alarm.reason)
    if width is not None:
        reason = cut(reason, max(width - len(since) - 2, _LEAST_REASON))
    return state(alarm.state, f"{since}: {reason}" if reason else since)


def _proof(at: str | None, screen: Screen) -> StyledText:
    if at is None:
        return state("unproven", f"no drill of all is recorded: {screen.command('drill --all')}")
    return state("proven", ago(at))


def _api(api: ApiHealth) -> str:
    access = (
        "public: anyone with the URL can call it"
        if api.public
        else f"requires authentication ({api.auth})"
    )
    return _lines([api_line(api), state("", access)])


def api_line(api: ApiHealth) -> StyledText:
    """Return what the API's health route answered."""
    took = "" if api.latency_ms is None else f" in {api.latency_ms:,.0f} ms"
    response = "no response" if api.status is None else f"{api.status}{took}"
    return state("OK" if api.healthy else "DOWN", response)


def _function(result: Status) -> str:
    function = result.function
    if function is None:
        is_missing = any(problem.code == "function-missing" for problem in result.problems)
        return state("missing") if is_missing else _unknown("the function")
    details = f"version {function.version} ({function.alias}), {function.runtime}"
    return state(function.state, f"{details}, changed {ago(function.changed_at)}")


def _releases(releases: tuple[ServingRelease, ...]) -> dict[str, StyledText]:
    return {"release": _lines(release_lines(releases))} if releases else {}


def release_lines(releases: tuple[ServingRelease, ...]) -> list[StyledText]:
    """Return a line for each release that serves."""
    return [_release(each, shares=len(releases) > 1) for each in releases]


def _release(release: ServingRelease, *, shares: bool) -> StyledText:
    if release.release == UNRELEASED:
        return state("none", f"the alias points to {UNRELEASED}")
    share = f", {release.weight:.0%} of the requests" if shares else ""
    details = f"{release.release}{share}, {commit(release)}, {ago(release.at)}"
    return state(release.outcome or "unknown", details)


def _subscriptions(subscriptions: tuple[Subscription, ...] | None) -> StyledText:
    if subscriptions is None:
        return _unknown("the subscriptions")
    if not subscriptions:
        return state("none", "nobody is notified")
    return _lines(
        state("confirmed" if each.confirmed else "PENDING", each.endpoint) for each in subscriptions
    )


def _deploy_lock(lock: DeployLockStatus) -> StyledText:
    if lock.held is None:
        return _unknown("the state backend")
    if not lock.held:
        return state("free")
    who = f"by {lock.who} ({lock.command}) {ago(lock.since or '')}"
    if lock.reason is not None:
        return _lines([state("LOCKED", who), state("", lock.reason), state("", lock.id or "")])
    details = [f"heartbeat {lock.heartbeat_age or 0:.0f} s ago, {lock.id}"]
    details += [f"commit {lock.commit[:7]}"] if lock.commit else []
    details += [lock.run_url] if lock.run_url else []
    details += ["the next deploy takes over"] if lock.dead else []
    first = state("DEAD" if lock.dead else "HELD", who)
    return _lines([first, *(state("", detail) for detail in details)])


def _lock(lock: TerraformLock) -> StyledText:
    if lock.held is None:
        return _unknown("the state backend")
    if not lock.held:
        return state("free")
    since = f" {ago(lock.since)}" if lock.since else ""
    who = f"by {lock.who or 'unknown'} ({lock.operation or 'unknown'}){since}, {lock.id or ''}"
    return state("HELD", who.rstrip(", "))


def _unknown(what: str) -> StyledText:
    return state("unknown", f"{what} cannot be read from here")


def _lines(lines: Iterable[StyledText]) -> StyledText:
    return StyledText("\n".join(lines))
