"""`kill -9` during a release of code."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.endpoint import BUCKET, KEY
from tests.faults.account import Account
from tests.faults.proxy import Fault

FUNCTION = "task-tracker-function"
RELEASE = ("deploy", "--code")
RECORD = "PutObject *.releases/*"
# The call, and which of that name; in the order of a release.
MOMENTS = {
    "lock": ("PutObject *.deploy", 1),
    "uploaded": ("UpdateFunctionCode*", 1),
    "published": ("PublishVersion*", 1),
    "recorded": (RECORD, 1),
    "health": ("Invoke *", 1),
    "task created": ("Invoke *", 3),
    "task deleted": ("Invoke *", 6),
    "shifted": ("UpdateAlias *", 1),
    "shift recorded": (RECORD, 2),
    "proven": (RECORD, 3),
}
# Health, a list, and a task that is created, read, changed, deleted and read again.
CHECKS = 7


@pytest.mark.row("`kill -9` at 10 moments of a release")
@pytest.mark.parametrize("moment", MOMENTS)
def test_release(deployed: Account, moment: str) -> None:
    """A checked version serves meanwhile; the next deploy checks the release and completes it."""
    kept, before = deployed.tasks(), live(deployed)
    deployed.change_code()
    deployed.proxy.clear()
    call, nth = MOMENTS[moment]
    deployed.proxy.inject(call, Fault(then=lambda: deployed.kill("all")), nth=nth)
    died = deployed.run(*RELEASE)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not shifted_unchecked(deployed.proxy.calls, before)
    assert deployed.tasks() >= kept
    unproven = moment in ("shifted", "shift recorded")
    assert serving(deployed) == [(live(deployed), "unproven" if unproven else "proven")]

    deployed.proxy.clear()
    deployed.require_healed(kept)
    assert not shifted_unchecked(deployed.proxy.calls, before)
    after = live(deployed)
    assert after != before
    if moment != "proven":
        assert invoked(deployed.proxy.calls)[after] >= CHECKS
    assert outcome(deployed, after) == "proven"
    assert deployed.tasks() == kept


@pytest.mark.row("`kill -9` of a deploy whose release is a canary")
def test_canary(deployed: Account) -> None:
    """Status shows both releases; the next deploy ends the bake, and checks the release again."""
    kept, before = deployed.tasks(), live(deployed)
    deployed.change_code()
    deployed.proxy.clear()
    # The first is to see that the bake can be watched, before it begins.
    deployed.proxy.inject("GetMetricData", Fault(then=lambda: deployed.kill("all")), nth=2)
    died = deployed.run(*RELEASE, "--canary", "10%", "--bake", "5m")
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not shifted_unchecked(deployed.proxy.calls, before)
    assert [state for _, state in serving(deployed)] == ["proven", "baking"]

    deployed.proxy.clear()
    deployed.require_healed(kept)
    assert not shifted_unchecked(deployed.proxy.calls, before)
    assert serving(deployed) == [(live(deployed), "proven")]
    assert live(deployed) != before
    assert deployed.tasks() == kept


def serving(account: Account) -> list[tuple[str, str]]:
    """Return the releases that take requests, as `status` shows them, and how proven each is."""
    status = json.loads(account.run("status", "--output", "json").stdout)
    return [(each["release"], each["outcome"]) for each in status["releases"]]


def live(account: Account) -> str:
    """Return the version that the alias points to, which has to be the only one."""
    alias = account.client("lambda").get_alias(FunctionName=FUNCTION, Name="live")
    assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    return str(alias["FunctionVersion"])


def outcome(account: Account, version: str) -> str:
    """Return how proven a release is, by its record."""
    key = f"{KEY}.releases/{int(version):06}.json"
    record = account.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return str(json.loads(record)["outcome"])


def invoked(calls: Sequence[str]) -> Counter[str]:
    """Count the invocations of each version by its number."""
    return Counter(call.split()[1] for call in calls if call.startswith("Invoke "))


def shifted_unchecked(calls: Sequence[str], before: str) -> list[str]:
    """Return the versions that one run pointed the alias to before it had checked them."""
    return [
        version
        for position, call in enumerate(calls)
        if call.startswith("UpdateAlias ")
        for version in call.split()[1:]
        if version != before and invoked(calls[:position])[version] < CHECKS
    ]
