"""The Lambda function: its versions, and the alias that selects which of them serve."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.drift import FunctionVersion
from tasktracker_ops.models.release import UNRELEASED, PublishedVersion, Routing
from tasktracker_ops.models.status import FunctionState
from tasktracker_ops.models.times import timestamp

from .session import CONNECTION_HINT, AwsError, AwsNotFound, AwsSession, aws_errors

ALIAS = "live"
_UPDATE_TIMEOUT = 300.0  # seconds
# A small package is ready after a tenth of a second; each pause is a fifth longer than the last.
_FIRST_PAUSE_SECONDS, _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS = 0.05, 1.2, 1.0
_DOWNLOAD_TIMEOUT = (5, 30)  # seconds: to connect, and between two reads
# What is particular to a version, or changes by itself: the rest is configuration.
_NO_SETTINGS = {
    *("FunctionArn", "Version", "RevisionId", "MasterArn", "LastModified", "ResponseMetadata"),
    "Description",
    *("CodeSha256", "CodeSize", "ConfigSha256", "RuntimeVersionConfig", "SnapStart"),
    *("State", "StateReason", "StateReasonCode"),
    *("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"),
}


class Functions:
    """One Lambda function and its alias."""

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session = session
        self.name = name

    def routing(self) -> Routing | None:
        """Return where the alias sends requests; None without such a function or alias."""
        client = self._session.client("lambda")
        with suppress(AwsNotFound), aws_errors(f"reading the alias {ALIAS!r} of {self.name!r}"):
            return _routing(client.get_alias(FunctionName=self.name, Name=ALIAS))
        return None

    def is_active(self) -> bool:
        """Return whether the function exists and can run."""
        client = self._session.client("lambda")
        with suppress(AwsNotFound), aws_errors(f"reading the function {self.name!r}"):
            answer = client.get_function_configuration(FunctionName=self.name)
            return bool(answer.get("State", "Active") == "Active")
        return False

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
            description=answer.get("Description", ""),
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

    def versions(self) -> tuple[PublishedVersion, ...]:
        """Return the versions that exist, the newest first. Raises AwsNotFound."""
        pages = self._session.client("lambda").get_paginator("list_versions_by_function")
        with aws_errors(f"listing the versions of the function {self.name!r}"):
            found = [
                PublishedVersion(
                    release=int(each["Version"]),
                    sha256=base64.b64decode(each["CodeSha256"]).hex(),
                    description=each.get("Description", ""),
                    at=timestamp(datetime.fromisoformat(each["LastModified"])),
                )
                for page in pages.paginate(FunctionName=self.name)
                for each in page["Versions"]
                if each["Version"] != UNRELEASED
            ]
        return tuple(sorted(found, key=lambda version: version.release, reverse=True))

    def delete_version(self, version: int) -> bool:
        """Delete a version; return whether it is gone, which one that an alias names is not."""
        try:
            with aws_errors(f"deleting version {version} of the function {self.name!r}"):
                self._session.client("lambda").delete_function(
                    FunctionName=self.name, Qualifier=str(version)
                )
        except AwsNotFound:
            return True
        except AwsError as error:
            if error.aws_code != "ResourceConflictException":
                raise
            return False
        return True

    def _configuration(self, qualifier: str) -> Any:
        with aws_errors(f"reading version or alias {qualifier!r} of the function {self.name!r}"):
            return self._session.client("lambda").get_function_configuration(
                FunctionName=self.name, Qualifier=qualifier
            )

    def code(self, version: str) -> bytes:
        """Return the zip of a version, as it was uploaded.

        Raises TtOpsError `code-unreachable` where it cannot be downloaded.
        """
        with aws_errors(f"reading the code of version {version} of the function {self.name!r}"):
            answer = self._session.client("lambda").get_function(
                FunctionName=self.name, Qualifier=version
            )
        return _download(answer["Code"]["Location"], f"the code of version {version}")

    def upload(self, package: bytes) -> None:
        """Replace the code of `$LATEST` by a zip; return when the next version can be published."""
        self._update_code(ZipFile=package)

    def upload_from(self, bucket: str, key: str) -> None:
        """Do as `upload`, with a zip that is an object in a bucket."""
        self._update_code(S3Bucket=bucket, S3Key=key)

    def _update_code(self, **package: str | bytes) -> None:
        with aws_errors(f"uploading the code of the function {self.name!r}"):
            answer = self._session.client("lambda").update_function_code(
                FunctionName=self.name, **package
            )
        self._wait(UNRELEASED, "LastUpdateStatus", "Successful", answer)

    def publish(self, code_sha256: str, description: str) -> str:
        """Publish `$LATEST` and return the number of the version, which can run by then.

        Where nothing has changed since the last version, that one is returned. `code_sha256` is the
        digest that its code has to have, in Lambda's form.
        """
        with aws_errors(f"publishing a version of the function {self.name!r}"):
            answer = self._session.client("lambda").publish_version(
                FunctionName=self.name, CodeSha256=code_sha256, Description=description
            )
        version = str(answer["Version"])
        self._wait(version, "State", "Active", answer)
        return version

    def _wait(self, qualifier: str, field: str, expected: str, answer: Mapping[str, Any]) -> None:
        """Wait until a field, which was as in `answer`, has the value that is expected.

        Raises TtOpsError `function-update-failed`.
        """
        deadline, pause = time.monotonic() + _UPDATE_TIMEOUT, _FIRST_PAUSE_SECONDS
        while (found := answer.get(field, expected)) != expected:
            if found == "Failed" or time.monotonic() > deadline:
                reason = answer.get(f"{field}Reason") or f"{field} is {found!r}"
                raise TtOpsError(
                    "function-update-failed",
                    f"the function {self.name!r} ({qualifier}) cannot run: {reason}",
                    hint="deploy it again: tt-ops deploy",
                )
            time.sleep(pause)
            pause = min(_PAUSE_GROWTH * pause, _LONGEST_PAUSE_SECONDS)
            answer = self._configuration(qualifier)

    def invoke(self, version: str, event: Mapping[str, Any]) -> tuple[Any, str | None]:
        """Run one version and return its answer, and the type of the error that it raised, if any.

        An answer that is no JSON is returned as text.
        """
        with aws_errors(f"invoking version {version} of the function {self.name!r}"):
            answer = self._session.client("lambda").invoke(
                FunctionName=self.name, Qualifier=version, Payload=json.dumps(event).encode()
            )
            payload = answer["Payload"].read().decode(errors="replace")
        try:
            content = json.loads(payload)
        except ValueError:
            content = payload
        if "FunctionError" not in answer:
            return content, None
        kind = content.get("errorType") if isinstance(content, dict) else None
        return content, str(kind or answer["FunctionError"])

    def shift(self, version: str, *, instead_of: Routing) -> Routing:
        """Point the alias to `version`, which takes all requests from then on.

        Changes nothing where the alias is not as in `instead_of` any more: raises TtOpsError
        `alias-changed`.
        """
        return self._route(replace(instead_of, version=version, canary=None, weight=0.0))

    def split(self, canary: str, weight: float, *, instead_of: Routing) -> Routing:
        """Send the share `weight` (from 0 to 1) of the requests to the version `canary`.

        The others go where they go now. Raises TtOpsError `alias-changed` as `shift` does.
        """
        return self._route(replace(instead_of, canary=canary, weight=weight))

    def _route(self, wanted: Routing) -> Routing:
        """Change the alias, whose revision is still that of `wanted`."""
        weights = {} if wanted.canary is None else {wanted.canary: wanted.weight}
        try:
            with aws_errors(
                f"moving the alias {ALIAS!r} of {self.name!r} to version "
                f"{wanted.canary or wanted.version}"
            ):
                answer = self._session.client("lambda").update_alias(
                    FunctionName=self.name,
                    Name=ALIAS,
                    FunctionVersion=wanted.version,
                    RoutingConfig={"AdditionalVersionWeights": weights},
                    RevisionId=wanted.revision_id,
                )
        except AwsError as error:
            if error.aws_code != "PreconditionFailedException":
                raise
            found = self.routing()
            # A change of ours, whose answer was lost.
            if found is not None and replace(wanted, revision_id=found.revision_id) == found:
                return found
            raise TtOpsError(
                "alias-changed",
                f"the alias {ALIAS!r} of {self.name!r} was changed by somebody else meanwhile: it "
                f"points to version {found.version if found else 'none'}",
                hint="see which release is live, and deploy again: tt-ops releases",
            ) from error
        return _routing(answer)


def _routing(answer: Mapping[str, Any]) -> Routing:
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    canary, weight = next(iter(weights.items()), (None, 0.0))
    return Routing(
        version=str(answer["FunctionVersion"]),
        canary=canary,
        weight=float(weight),
        revision_id=str(answer.get("RevisionId", "")),
    )


def _download(url: str, what: str) -> bytes:
    """Return what is at an address that AWS signed for a few minutes; no error shows it."""
    import requests

    from tasktracker_ops.adapters.host.http_session import http_session

    try:
        with http_session(url) as session:
            answer = session.get(url, timeout=_DOWNLOAD_TIMEOUT)
            if answer.ok:
                return answer.content
            reason = f"HTTP {answer.status_code}"
    except requests.RequestException as error:
        reason = type(error).__name__
    raise TtOpsError(
        "code-unreachable",
        f"downloading {what} from {urlsplit(url).hostname!r} failed: {reason}",
        hint=CONNECTION_HINT,
    )
