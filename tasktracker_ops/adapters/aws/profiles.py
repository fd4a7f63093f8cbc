"""The user's profiles in AWS's configuration files."""

from __future__ import annotations

from collections.abc import Mapping

import botocore.session

from .session import aws_errors

_FILES = {"AWS_CONFIG_FILE": "config_file", "AWS_SHARED_CREDENTIALS_FILE": "credentials_file"}


def profile_region(profile: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the region of `profile`, else of the one that AWS's variables name, else `default`.

    None where it has none, or is missing. Raises ConfigurationError for a file that is invalid.
    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
    """
    # In botocore's order.
    named = profile or environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE")
    session = botocore.session.Session()
    for variable, name in _FILES.items():
        if environ.get(variable):
            session.set_config_variable(name, environ[variable])
    with aws_errors("reading the AWS configuration"):
        profiles = session.full_config["profiles"]
    region: str | None = profiles.get(named or "default", {}).get("region")
    return region
