"""Where AWS is, and with which credentials it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AwsEnvironment:
    """Where AWS is and who is asking: all that boto3 and Terraform need to be told.

    `variables` is the whole environment for a child process; `endpoint_url` is None for AWS itself.
    `sealed` says that nothing of the user's AWS files and variables may be consulted.
    """

    region: str
    endpoint_url: str | None = None
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    sealed: bool = False
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
