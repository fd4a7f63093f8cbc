"""The Lambda function's alias: its version, its state, and moving it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tasktracker_ops.models.drift import FunctionVersion
from tasktracker_ops.models.status import FunctionState
from tasktracker_ops.models.times import timestamp

from .session import AwsNotFound, AwsSession, aws_errors

ALIAS = "live"
# What is particular to a version, or changes by itself: the rest is configuration.
_NO_SETTINGS = {
    *("FunctionArn", "Version", "RevisionId", "MasterArn", "LastModified", "ResponseMetadata"),
    *("CodeSha256", "CodeSize", "ConfigSha256", "RuntimeVersionConfig", "SnapStart"),
    *("State", "StateReason", "StateReasonCode"),
    *("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"),
}


class Functions:
    """One Lambda function and its alias."""

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session = session
        self.name = name

    def live_version(self) -> str | None:
        """Return the version of the alias; None without such a function or alias."""
        try:
            with aws_errors(f"reading the alias {ALIAS!r} of {self.name!r}"):
                answer = self._session.client("lambda").get_alias(
                    FunctionName=self.name, Name=ALIAS
                )
        except AwsNotFound:
            return None
        return str(answer["FunctionVersion"])

    def is_active(self) -> bool:
        """Return whether the function exists and can run."""
        try:
            with aws_errors(f"reading the function {self.name!r}"):
                answer = self._session.client("lambda").get_function_configuration(
                    FunctionName=self.name
                )
        except AwsNotFound:
            return False
        return bool(answer.get("State", "Active") == "Active")

    def state(self, alias: str) -> FunctionState:
        """Return the state of the version of `alias`. Raises AwsNotFound without one."""
        answer = self._configuration(alias)
        return FunctionState(
            name=self.name,
            alias=alias,
            version=answer["Version"],
            runtime=answer.get("Runtime", answer.get("PackageType", "")),
            state=answer.get("State", "Active"),
            changed_at=timestamp(datetime.fromisoformat(answer["LastModified"])),
        )

    def version(self, qualifier: str) -> FunctionVersion:
        """Return the version that an alias points to, or `$LATEST`. Raises AwsNotFound."""
        answer = self._configuration(qualifier)
        return FunctionVersion(
            version=answer["Version"],
            code_sha256=answer["CodeSha256"],
            config_sha256=answer.get("ConfigSha256"),
            settings={name: answer[name] for name in sorted(answer.keys() - _NO_SETTINGS)},
        )

    def _configuration(self, qualifier: str) -> Any:
        with aws_errors(f"reading version or alias {qualifier!r} of the function {self.name!r}"):
            return self._session.client("lambda").get_function_configuration(
                FunctionName=self.name, Qualifier=qualifier
            )

    def publish(self, package: bytes) -> str:
        """Upload a zip and return the number of its version, which can run by then."""
        client = self._session.client("lambda")
        with aws_errors(f"uploading the code of the function {self.name!r}"):
            answer = client.update_function_code(
                FunctionName=self.name, ZipFile=package, Publish=True
            )
            client.get_waiter("published_version_active").wait(
                FunctionName=self.name, Qualifier=answer["Version"]
            )
        return str(answer["Version"])

    def move_alias(self, version: str) -> None:
        """Point the alias to `version`, which serves from then on."""
        with aws_errors(f"moving the alias {ALIAS!r} of {self.name!r} to version {version}"):
            self._session.client("lambda").update_alias(
                FunctionName=self.name, Name=ALIAS, FunctionVersion=version
            )
