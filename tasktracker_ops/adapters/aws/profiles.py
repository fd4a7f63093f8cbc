"""Profiles in the user's AWS configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session

from .session import aws_errors

_FILES = {"AWS_CONFIG_FILE": "config_file", "AWS_SHARED_CREDENTIALS_FILE": "credentials_file"}


def profile_region(profile: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the region of `profile`, or else of the profile in AWS's variables, or of `default`.

    Return None where it has none, or does not exist. Raises ConfigurationError for an invalid file.
    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
    """
    # In botocore's order.
    name = profile or environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE")
    region: str | None = _profiles(environ).get(name or "default", {}).get("region")
    return region


def profile_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names of all profiles. Raises ConfigurationError for an invalid file."""
    return sorted(_profiles(environ))


def _profiles(environ: Mapping[str, str]) -> Any:
    session = botocore.session.Session()
    for variable, option in _FILES.items():
        if environ.get(variable):
            session.set_config_variable(option, environ[variable])
    with aws_errors("reading the AWS configuration"):
        return session.full_config["profiles"]
