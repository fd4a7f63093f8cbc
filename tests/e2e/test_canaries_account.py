"""On the aws target, secrets from variables and from a profile are in no output."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.endpoint import make_backend

from .canaries import NO_ADDRESS, Canaries, Watched
from .canaries import canaries as canaries
from .canaries import secret_variables as secret_variables
from .canaries import watch as watch

pytestmark = pytest.mark.extended


def test_account_gets_no_secret(
    watch: Callable[..., Watched], canaries: Canaries, endpoint: str
) -> None:
    """No command prints keys or addresses, from variables or from a profile."""
    account = watch(AWS_ENDPOINT_URL=endpoint, TT_OPS_TARGET="aws")
    make_backend(endpoint)
    credentials = account.folder / "credentials"
    credentials.write_text(
        f"[canary]\naws_access_key_id = {canaries.key_id('access key id of a profile')}\n"
        f"aws_secret_access_key = {canaries.mark('secret access key of a profile')}\n"
        f"aws_session_token = {canaries.mark('session token of a profile')}\n"
    )
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "TF_LOG": "debug"}
    account.run("deploy", "--yes", "--checks", "none", "--verbose", "--output", "json")
    account.run("--profile", "canary", "plan", "--verbose", **profile)
    for verb in ("status", "outputs", "logs", "metrics", "alarms"):
        account.run("--profile", "canary", verb, "--verbose", code=None, **profile)
    account.run("plan", code=4, **NO_ADDRESS)
    account.run("outputs", "--region", "eu-west-1", code=1)
    credentials.write_text(f"[canary\naws_secret_access_key {canaries.mark('a broken profile')}\n")
    account.run("--profile", "canary", "outputs", "--verbose", code=4, **profile)
    account.search_files("credentials")
    assert account.leaks == []
