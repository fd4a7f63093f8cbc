"""The endpoint, region and credentials of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class AwsEnvironment:
    """All that boto3 and Terraform need to call AWS.

    `variables` is the whole environment for a child process; `endpoint_url` is None for AWS itself.
    `sealed` forbids reading the user's AWS files and variables.
    """

    region: str
    endpoint_url: str | None = None
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    sealed: bool = False
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
