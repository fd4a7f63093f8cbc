"""Give the workflows of a GitHub repository access to the account, and remove it again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.iam import GITHUB_ISSUER, IdentityProvider
from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY
from tasktracker_ops.errors import ConfigurationError, TtOpsError, quoted
from tasktracker_ops.models.github_access import GitHubAccess, GitHubRepository
from tasktracker_ops.models.plan import NOTHING_ALLOWED, AllowedChanges
from tasktracker_ops.reporting import ApprovePlan

from .bootstrap import bootstrap
from .deploy_lock import deploy_lock
from .state import recover, verify_digest

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_AUDIENCE = "sts.amazonaws.com"
# In bootstrap/github/trust.tf: the resource, and the tag that says which state made it.
_PROVIDER = "aws_iam_openid_connect_provider.github[0]"
_TAG = "TerraformState"
# A destroy evaluates the variables, but creates no role for them.
_PLACEHOLDER = GitHubRepository("nobody", "nothing", "1", "1")
# As bootstrap/github/variables.tf validates: no `$` and `*`, which have a meaning in policies.
_REPOSITORY = re.compile(r"([A-Za-z0-9](?:-?[A-Za-z0-9_]){0,38})/([A-Za-z0-9_.-]{1,100})")
_IDS = re.compile(r"([1-9]\d*)/([1-9]\d*)", re.ASCII)
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]*")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def bootstrap_github(
    app: App,
    full_name: str,
    *,
    branch: str,
    environment: str,
    ids: str | None = None,
    approve: ApprovePlan,
    allowed: AllowedChanges = NOTHING_ALLOWED,
    lock_timeout: int = 0,
) -> GitHubAccess:
    """Apply the state backend, then the stack with the roles for `full_name` (OWNER/REPO).

    `ids` are OWNER_ID/REPOSITORY_ID; None requests them from GitHub. `approve` gets the stack's
    plan and raises to stop; `allowed` is for the backend's, `lock_timeout`, in seconds, for the
    deploy lock. Raises ConfigurationError `github-access-default-only` for another of our
    environments, `github-name-invalid`, and TtOpsError `identity-provider-incompatible` or
    `identity-provider-untagged` where the account's own identity provider conflicts.
    """
    _require_default_environment(app)
    repository = _repository(app, full_name, ids)
    _require_form("branch", branch, _BRANCH, "--branch main")
    _require_form("environment", environment, _ENVIRONMENT, "--github-environment production")
    backend = bootstrap(app, allowed=allowed, lock_timeout=lock_timeout)
    provider = app.iam.github_identity_provider()
    ours = provider is not None and _is_ours(app, provider)
    if provider is not None and not ours:
        _require_audience(provider)
    with deploy_lock(app, "bootstrap", timeout=lock_timeout) as lock:
        app.report.doing(f"reading the access of {repository.full_name}")
        stack = app.stacks.github(
            repository,
            {
                "github_branch": branch,
                "github_environment": environment,
                "adopt_identity_provider": ours,
                "foreign_identity_provider": provider is not None and not ours,
            },
            command="bootstrap",
        )
        recover(app, lock, stack, GITHUB_STATE_KEY)
        with stack.planned() as saved:
            plan = saved.plan
            if provider is not None and any(
                change.address == _PROVIDER and change.action in {"delete", "replace"}
                for change in plan.changes
            ):
                raise TtOpsError(
                    "identity-provider-untagged",
                    f"the identity provider {provider.arn!r} is in our state but lacks our tag "
                    f"{_TAG!r}: it would be deleted",
                    hint="if it is ours, tag it again: aws iam tag-open-id-connect-provider "
                    f"--open-id-connect-provider-arn {provider.arn} "
                    f"--tags Key={_TAG},Value={_state(app)}",
                )
            if not plan.empty:
                app.report.plan(plan, "GitHub access")
                approve(plan)
                app.report.doing("applying")
                lock.require_held()
                saved.apply()
                verify_digest(app, GITHUB_STATE_KEY)
    roles = app.state_backend.outputs(GITHUB_STATE_KEY)
    return GitHubAccess(
        backend=backend,
        repository=repository,
        branch=branch,
        environment=environment,
        deployer_role_arn=roles["deployer_role_arn"],
        planner_role_arn=roles["planner_role_arn"],
        previewer_role_arn=roles["previewer_role_arn"],
        monitor_role_arn=roles["monitor_role_arn"],
        plan=plan,
    )


def has_github_access(app: App) -> bool:
    """Return whether the state backend has roles for GitHub."""
    return bool(app.state_backend.outputs(GITHUB_STATE_KEY))


def remove_github(app: App) -> None:
    """Delete the roles for GitHub, and our identity provider unless other roles trust it.

    Raises TtOpsError `lock-table-missing` where the state cannot be locked.
    """
    roles = app.state_backend.outputs(GITHUB_STATE_KEY)
    if not roles:
        return
    if not app.state_backend.exists().lock_table:
        raise TtOpsError(
            "lock-table-missing",
            f"the roles for GitHub still exist, but the table {app.state_backend.lock_table!r} "
            "that locks their state does not",
            hint="create it again, then destroy: tt-ops bootstrap",
        )
    app.report.doing("reading the access of GitHub")
    stack = app.stacks.github(_PLACEHOLDER, {}, command="destroy --backend")
    provider = app.iam.github_identity_provider()
    if provider is not None and _is_ours(app, provider):
        own = {arn.rpartition("/")[2] for arn in roles.values()}
        if others := sorted(set(app.iam.roles_trusting(provider)) - own):
            stack.forget(_PROVIDER)
            app.report.note(
                f"The identity provider {GITHUB_ISSUER} is kept, as other roles trust it: "
                f"{', '.join(map(repr, others))}"
            )
    with stack.planned(destroy=True) as saved:
        app.report.plan(saved.plan, "GitHub access")
        app.report.doing("applying")
        saved.apply()


def _require_default_environment(app: App) -> None:
    """Raise ConfigurationError: the stack has one state, which another's roles would replace."""
    if not app.environment.is_default:
        name = app.environment.name
        raise ConfigurationError(
            "github-access-default-only",
            f"the roles for GitHub are those of the environment 'default', not of {name!r}, and of "
            "previews",
            hint=f"give a role of your own its policy: tt-ops --env {name} permissions deployer",
        )


def _repository(app: App, full_name: str, ids: str | None) -> GitHubRepository:
    _require_form("repository", full_name, _REPOSITORY, "--github OWNER/REPO")
    if ids is None:
        return app.github.repository(full_name)
    _require_form("pair of ids", ids, _IDS, f"--github {full_name} --github-ids 123456/456789")
    owner, name = full_name.split("/")
    return GitHubRepository(owner, name, *ids.split("/"))


def _require_form(what: str, value: str, form: re.Pattern[str], example: str) -> None:
    if form.fullmatch(value) is None:
        raise ConfigurationError(
            "github-name-invalid",
            f"{quoted(value)} is not a valid {what} of GitHub, or not usable in an AWS policy",
            hint=f"write it as GitHub does: tt-ops bootstrap {example}",
        )


def _require_audience(provider: IdentityProvider) -> None:
    if _AUDIENCE not in provider.audiences:
        raise TtOpsError(
            "identity-provider-incompatible",
            f"the identity provider {provider.arn!r} is not ours, and lacks the audience "
            f"{_AUDIENCE!r}",
            hint="ask its owner to add it: aws iam add-client-id-to-open-id-connect-provider "
            f"--open-id-connect-provider-arn {provider.arn} --client-id {_AUDIENCE}",
        )


def _is_ours(app: App, provider: IdentityProvider) -> bool:
    return provider.tags.get(_TAG) == _state(app)


def _state(app: App) -> str:
    return f"{app.state_backend.bucket}/{GITHUB_STATE_KEY}"
