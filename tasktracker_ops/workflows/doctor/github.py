"""Checks of GitHub: the workflows, the roles that they may take, and the repository's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasktracker_ops import __version__
from tasktracker_ops.adapters.aws.iam import GITHUB_ISSUER
from tasktracker_ops.adapters.host.git import github_repository
from tasktracker_ops.adapters.host.templates import PRISTINE, digest, read_record, this_template
from tasktracker_ops.errors import ConfigurationError

from .check import CheckGroup, Examination, NotApplicable, Outcome, failed, ok, warning

GROUP = CheckGroup()
_WORKFLOWS = ".github/workflows/"
# The output of the stack, and the repository's variable that has to hold it.
_VARIABLES = {
    "deployer_role_arn": "AWS_ROLE_ARN",
    "planner_role_arn": "AWS_PLAN_ROLE_ARN",
    "previewer_role_arn": "AWS_PREVIEW_ROLE_ARN",
    "monitor_role_arn": "AWS_MONITOR_ROLE_ARN",
}
_SECRETS = ("ALERT_EMAIL",)


@GROUP.check("workflows", "project")
def _workflows(examined: Examination) -> Outcome:
    project = examined.app.settings.project
    record = read_record(project)
    if record:
        known = record.files
    else:
        files = this_template(__version__).files
        known = {name: digest(content) for name, content in files.items()}
    names = [name for name in known if name.startswith(_WORKFLOWS)]
    if not (project / _WORKFLOWS).is_dir() and record is None:
        raise NotApplicable("this clone has no workflows")
    missing = [name for name in names if not (project / name).is_file()]
    if missing:
        restore = f"unzip -o {PRISTINE}" if record else "git checkout --"
        fix = f"restore them: {restore} {' '.join(missing)}"
        return warning(f"missing: {', '.join(missing)}", fix)
    changed = [
        name.removeprefix(_WORKFLOWS)
        for name in names
        if digest((project / name).read_bytes()) != known[name]
    ]
    return ok(f"changed by you: {', '.join(changed)}" if changed else "as in the template")


@GROUP.check("github roles", "state bucket")
def _roles(examined: Examination) -> Outcome:
    app, roles = examined.app, examined.github_roles
    if not roles:
        raise NotApplicable("the account has no roles for GitHub")
    project = app.settings.project_dir
    named = github_repository(project) if project else None
    compared = ""
    for arn in filter(None, (roles.get(output) for output in _VARIABLES)):
        role = arn.rpartition("/")[2]
        trust = app.iam.trust_policy(role)
        if trust is None:
            return failed(f"the role {role!r} does not exist", _bootstrap(named))
        found, ids = _trusted(trust)
        if len(found) != 1 or len(ids) != 1:
            return failed(f"the role {role!r} trusts no single repository", _bootstrap(named))
        full_name, (repository_id,) = next(iter(found)), ids
        if found[full_name] != {"names", "ids"}:
            return failed(
                f"the role {role!r} does not trust both forms of GitHub's subjects",
                _bootstrap(named or full_name),
            )
        if named and named != full_name:
            return failed(
                f"the role {role!r} trusts {full_name!r}, not {named!r}", _bootstrap(named)
            )
        if (current := _current_id(examined, full_name)) not in (None, repository_id):
            return failed(
                f"the role {role!r} trusts the repository with the id {repository_id}, and "
                f"{full_name!r} has the id {current}",
                _bootstrap(full_name),
            )
        compared = f"they trust {full_name} ({repository_id}), in both forms"
    return ok(compared)


def _trusted(trust: Mapping[str, Any]) -> tuple[Mapping[str, set[str]], set[str]]:
    """Return the repositories that a policy trusts, in which forms of a subject, and their ids."""
    forms: dict[str, set[str]] = {}
    ids: set[str] = set()
    for statement in trust.get("Statement", ()):
        equals = statement.get("Condition", {}).get("StringEquals", {})
        ids.update(_list(equals.get(f"{GITHUB_ISSUER}:repository_id", ())))
        for subject in _list(equals.get(f"{GITHUB_ISSUER}:sub", ())):
            repository = subject.removeprefix("repo:").partition(":")[0]
            name = "/".join(part.partition("@")[0] for part in repository.split("/"))
            forms.setdefault(name, set()).add("ids" if "@" in repository else "names")
    return forms, ids


def _list(values: Any) -> list[str]:
    """Return the values of a condition, which need no list for one."""
    return [values] if isinstance(values, str) else list(values)


def _current_id(examined: Examination, full_name: str) -> str | None:
    """Return the id of a repository; None where GitHub does not show it, as of a private one."""
    try:
        return examined.app.github.repository(full_name).id
    except ConfigurationError:
        return None


def _bootstrap(full_name: str | None) -> str:
    return f"give it access again: tt-ops bootstrap --github {full_name or 'OWNER/REPO'}"


@GROUP.check("github settings", "project", "github roles")
def _settings(examined: Examination) -> Outcome:
    from tasktracker_ops.adapters.host.gh import settings_of

    app = examined.app
    repository = github_repository(app.settings.project)
    if repository is None:
        raise NotApplicable("the project has no remote on GitHub")
    found = settings_of(repository, app.settings.environ)
    if found is None:
        raise NotApplicable("gh is not installed, or not signed in")
    wrong = tuple(_wrong(examined.github_roles, *found))
    if not wrong:
        return ok(f"the variables and the secret of {repository} are set")
    names = ", ".join(name for name, _ in wrong)
    commands = " && ".join(f"{command} --repo {repository}" for _, command in wrong)
    return failed(f"not set in {repository}, or not to its role: {names}", f"set them: {commands}")


def _wrong(
    roles: Mapping[str, str], variables: Mapping[str, str], secrets: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the settings that are wrong, each with the command that sets it."""
    for output, name in _VARIABLES.items():
        if (arn := roles.get(output)) and variables.get(name) != arn:
            yield name, f"gh variable set {name} --body {arn}"
    for name in _SECRETS:
        if name not in secrets:
            yield name, f"gh secret set {name}"
