"""The record of the last complete drill of all alarms: an SSM parameter beside the description.

There `status` finds it by the name of the environment alone.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict

from tasktracker_ops.environments import Environment
from tasktracker_ops.models.drill import DrillRecord

from .session import AwsNotFound, AwsSession, aws_errors


class DrillRecords:
    """Reads and writes the record of one deployment."""

    def __init__(self, session: AwsSession, environment: Environment) -> None:
        self._session = session
        self._parameter = environment.drill_parameter

    def read(self) -> DrillRecord | None:
        """Return the record; None where there is none, or another text."""
        try:
            with aws_errors(f"reading the parameter {self._parameter!r}"):
                answer = self._session.client("ssm").get_parameter(Name=self._parameter)
            return DrillRecord.from_json(json.loads(answer["Parameter"]["Value"]))
        except (AwsNotFound, KeyError, ValueError, TypeError):
            return None

    def write(self, record: DrillRecord) -> None:
        """Store the record in place of the one before."""
        with aws_errors(f"writing the parameter {self._parameter!r}"):
            self._session.client("ssm").put_parameter(
                Name=self._parameter,
                Description="The last drill that proved all alarms, by tt-ops",
                Type="String",
                Value=json.dumps(asdict(record)),
                Overwrite=True,
            )

    def delete(self) -> None:
        """Delete the record, if there is one."""
        with suppress(AwsNotFound), aws_errors(f"deleting the parameter {self._parameter!r}"):
            self._session.client("ssm").delete_parameter(Name=self._parameter)
