"""A repository on GitHub, and the claims of tokens of its jobs and of others."""

from __future__ import annotations

REPOSITORY, IDS = "octo-org/octo-repo", "123456/456789"
BOOTSTRAP = ("bootstrap", "--github", REPOSITORY, "--github-ids", IDS, "--yes")
ISSUER = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"

NAMES, WITH_IDS = "repo:octo-org/octo-repo", "repo:octo-org@123456/octo-repo@456789"
DEPLOY, PULL = ":environment:production", ":pull_request"
MAIN = "refs/heads/main"

NIGHTLY = "previewer monitor"
PLANS = "planner previewer"  # a preview is planned before it is deployed

# Subject, claims that differ from those of a job on main, and the roles that accept the token.
TOKENS: list[tuple[str, dict[str, str | None], str]] = [
    (NAMES + DEPLOY, {}, "deployer"),
    (WITH_IDS + DEPLOY, {}, "deployer"),
    (NAMES + PULL, {"ref": "refs/pull/7/merge"}, PLANS),
    (WITH_IDS + PULL, {"ref": "refs/pull/7/merge"}, PLANS),
    # other branches and tags, with the environment all the same
    (NAMES + DEPLOY, {"ref": "refs/heads/other"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/heads/main2"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/heads/Main"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/tags/main"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/pull/7/merge"}, ""),
    (NAMES + DEPLOY, {"ref": None}, ""),
    # jobs without the environment, or with another one; nightly jobs have none
    (f"{NAMES}:ref:{MAIN}", {}, NIGHTLY),
    (f"{WITH_IDS}:ref:{MAIN}", {}, NIGHTLY),
    (f"{NAMES}:ref:{MAIN}", {"repository_id": "999"}, ""),
    (f"{NAMES}:ref:refs/heads/other", {"ref": "refs/heads/other"}, ""),
    (f"{NAMES}:ref:refs/tags/v1", {"ref": "refs/tags/v1"}, ""),
    (f"{NAMES}:environment:staging", {}, ""),
    (f"{NAMES}:environment:Production", {}, ""),
    (f"{NAMES}:environment:production-2", {}, ""),
    # another repository under the same name, and this name's next owner
    (NAMES + DEPLOY, {"repository_id": "999"}, ""),
    (NAMES + DEPLOY, {"repository_id": None}, ""),
    (NAMES + PULL, {"repository_id": "999"}, ""),
    ("repo:octo-org@123456/octo-repo@999" + DEPLOY, {"repository_id": "999"}, ""),
    ("repo:octo-org@999/octo-repo@456789" + DEPLOY, {}, ""),
    # look-alikes and forks
    *(
        (f"repo:{name}{kind}", {}, "")
        for kind in (DEPLOY, PULL)
        for name in (
            "octo-org/octo-repo-evil",
            "octo-org/octo-rep",
            "octo-org2/octo-repo",
            "someone/octo-repo",
            "Octo-Org/octo-repo",
            "octo-org/Octo-Repo",
            "octo-org/octo-repo/x",
            "octo-org@123456/octo-repo-evil@456789",
            "octo-org@123456/octo-repo@4567890",
            "octo-org@123456/octo-repo",
            "octo-org/*",
            "*",
        )
    ),
    # other audiences
    (NAMES + DEPLOY, {"aud": "https://github.com/octo-org"}, ""),
    (NAMES + PULL, {"aud": None}, ""),
]
