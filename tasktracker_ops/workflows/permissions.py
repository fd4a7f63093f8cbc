"""What a role may do: a policy to paste, with the names that the settings have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.policies import (
    PREVIEWS,
    all_names,
    environment_names,
    role_policy,
)
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.permissions import Policy

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_ACCOUNT = "ACCOUNT_ID"


def permissions(app: App, role: str, *, all_environments: bool = False) -> Policy:
    """Return the policy of a role in the environment of the settings, or in all of them.

    The previewer's is for all previews. Without credentials, a placeholder takes the place of the
    account's number.
    """
    settings, region = app.settings, app.session.environment.region
    own = {
        "function": settings.function_name,
        "table": settings.table_name,
        "state_key": settings.state_key,
    }
    if role == "previewer":
        setting = {"function": "function_name", "table": "table_name", "state_key": "state_key"}
        own = {name: PREVIEWS.setting(setting[name], value) for name, value in own.items()}
        names = environment_names(PREVIEWS, own, region)
    elif all_environments:
        names = all_names(own, region)
    else:
        names = environment_names(app.environment, own, region)
    place = {
        "partition": app.session.partition,
        "account": _account(app),
        "region": region,
        "state_bucket": settings.state_bucket,
        "lock_table": settings.lock_table,
    }
    return role_policy(role, {**names, **place})


def _account(app: App) -> str:
    try:
        return app.session.account_id
    except TtOpsError as error:
        app.report.note(f"{_ACCOUNT} stands for the number of your account: {error.message}")
        return _ACCOUNT
