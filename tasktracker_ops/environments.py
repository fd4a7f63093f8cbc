"""An environment: one deployment of several in an account, and the names that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DEFAULT_ENVIRONMENT = "default"
NAME_FORM = "a lower-case letter, then up to 19 of a-z, 0-9 and -"
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
# The role for previews of pull requests reaches only environments whose names begin with it.
_PREVIEW_PREFIX = "pr-"
# Settings that name what every environment has of its own.
OWN_SETTINGS = ("function_name", "table_name", "state_key")
# Roles and dashboards of the default environment in this region are named without the region.
_HOME_REGION = "eu-west-3"
# The default tags of terraform/main.tf.
PROJECT_TAGS = {"Project": "task-tracker", "ManagedBy": "tt-ops"}
_ENVIRONMENT_TAG = "Environment"
_TEMPORARY_TAG = "Temporary"
PARAMETERS = "/task-tracker"


def is_environment_name(text: str) -> bool:
    """Return whether an environment can have this name."""
    return _NAME.fullmatch(text) is not None


def is_project(tags: Mapping[str, str]) -> bool:
    """Return whether the tags are those of this project, in any environment."""
    return PROJECT_TAGS.items() <= tags.items()


def environment_of(tags: Mapping[str, str]) -> str:
    """Return the environment that a resource of this project is tagged with."""
    return tags.get(_ENVIRONMENT_TAG, DEFAULT_ENVIRONMENT)


def is_temporary(tags: Mapping[str, str]) -> bool:
    """Return whether the tags are those of a temporary environment."""
    return tags.get(_TEMPORARY_TAG) == "true"


def environment_of_parameter(name: str) -> tuple[str, str] | None:
    """Return the environment and the kind of a parameter, deployment or state; None for others."""
    found = re.fullmatch(rf"{PARAMETERS}(?:/([^/]+))?/(deployment|state)", name)
    return (found[1] or DEFAULT_ENVIRONMENT, found[2]) if found else None


@dataclass(frozen=True, slots=True)
class Environment:
    """The names of what only its environment tells apart, as terraform/names.tf gives them.

    `default` has the names without a suffix. Function and table are settings.
    """

    name: str = DEFAULT_ENVIRONMENT

    @property
    def is_default(self) -> bool:
        """Return whether it is the one that exists without a name."""
        return self.name == DEFAULT_ENVIRONMENT

    @property
    def suffix(self) -> str:
        """Return the end of its names; empty for the default."""
        return "" if self.is_default else f"-{self.name}"

    def setting(self, name: str, value: str) -> str:
        """Return its own value of a setting of which every environment needs another."""
        if name != "state_key":
            return f"{value}{self.suffix}"
        folder, slash, file = value.rpartition("/")
        return value if self.is_default else f"{folder}{slash}{self.name}/{file}"

    def others(self, state_key: str, keys: Iterable[str]) -> Mapping[str, str]:
        """Return the environments whose states are among `keys`, by the keys of their states.

        `state_key` is the key of this one's. One whose key was chosen by hand is not found.
        """
        default = state_key.replace(f"/{self.name}/", "/") if self.suffix else state_key
        folder, slash, file = default.rpartition("/")
        form = re.compile(f"{re.escape(folder + slash)}(?:([^/]+)/)?{re.escape(file)}")
        found = {key: match[1] for key in keys if (match := form.fullmatch(key))}
        return {
            key: name or DEFAULT_ENVIRONMENT
            for key, name in found.items()
            if key != state_key and is_environment_name(name or DEFAULT_ENVIRONMENT)
        }

    @property
    def deployment_parameter(self) -> str:
        """Return the SSM parameter with the deployment's description."""
        return f"{self._parameters}/deployment"

    @property
    def state_parameter(self) -> str:
        """Return the SSM parameter with the record of Terraform's state."""
        return f"{self._parameters}/state"

    @property
    def drill_parameter(self) -> str:
        """Return the SSM parameter with the record of the last drill of all alarms."""
        return f"{self._parameters}/drill"

    @property
    def _parameters(self) -> str:
        return PARAMETERS if self.is_default else f"{PARAMETERS}/{self.name}"

    @property
    def topic(self) -> str:
        """Return the name of the topic of alarms."""
        return f"task-tracker-alerts{self.suffix}"

    def alarm(self, name: str) -> str:
        """Return the name of the alarm that the default environment calls `name`."""
        return f"{name}{self.suffix}"

    def global_name(self, name: str, region: str) -> str:
        """Return the name of a role or a dashboard, which are unique across regions."""
        at_home = self.is_default and region == _HOME_REGION
        return name if at_home else f"{name}-{region}"

    def dashboard(self, region: str) -> str:
        """Return the name of the dashboard."""
        return self.global_name(f"task-tracker-dashboard{self.suffix}", region)

    def boundaries(self, function: str, region: str) -> tuple[str, ...]:
        """Return the names that the boundary of its function's role may have, the newer first.

        bootstrap/github makes one for the environment, and one for all previews.
        """
        if self.name.startswith(_PREVIEW_PREFIX):
            boundary = f"{function.removesuffix(self.suffix)}-previewer-boundary"
            return (Environment().global_name(boundary, region),)
        boundary = f"{function}-boundary"
        return tuple(dict.fromkeys((self.global_name(boundary, region), boundary)))

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags of its resources. Those of the default name no environment."""
        own = {} if self.is_default else {_ENVIRONMENT_TAG: self.name}
        return {**PROJECT_TAGS, **own}

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Return whether the tags are those of this project and environment."""
        return is_project(tags) and environment_of(tags) == self.name
