"""A state bucket with versions and its lock table on an emulator, and states by hand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from .endpoint import BUCKET, LOCKS, client, make_backend
from .endpoint import KEY as KEY
from .endpoint import REGION as REGION

LINEAGE = "0f3f6b6e-7b1c-4a59-9d57-3a3c2f6d1a11"


def state(serial: int, *names: str, lineage: str = LINEAGE) -> bytes:
    """Return a state with a topic of each name, as Terraform writes it."""
    topics = [
        {
            "mode": "managed",
            "type": "aws_sns_topic",
            "name": name,
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [{"schema_version": 0, "attributes": {"id": f"arn:{name}"}}],
        }
        for name in names
    ]
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": serial,
        "lineage": lineage,
        "outputs": {},
        "resources": topics,
        "check_results": None,
    }
    return json.dumps(document, indent=2).encode() + b"\n"


@dataclass
class StateBucket:
    """The backend on an emulator, as by hand: its state, with its versions and its digest."""

    endpoint: str
    name: str = BUCKET
    table: str = LOCKS

    def client(self, service: str) -> Any:
        """Return a client of the account."""
        return client(service, self.endpoint)

    def create(self) -> None:
        """Create the bucket, with versioning, and the table."""
        make_backend(self.endpoint, self.name, self.table)

    def apply(self, content: bytes, *, digest: bool = True) -> str:
        """Write a state and its digest, as an apply does; return the version's id."""
        version = self.put(content)
        if digest:
            self.put_digest(hashlib.md5(content, usedforsecurity=False).hexdigest())
        return version

    def put(self, content: bytes) -> str:
        """Write the object alone; return the version's id."""
        answer = self.client("s3").put_object(Bucket=self.name, Key=KEY, Body=content)
        return str(answer["VersionId"])

    def delete(self) -> None:
        """Delete the object, as `aws s3 rm` does."""
        self.client("s3").delete_object(Bucket=self.name, Key=KEY)

    def empty(self) -> None:
        """Delete every version, delete markers first."""
        s3 = self.client("s3")
        answer = s3.list_object_versions(Bucket=self.name)
        for kind in ("DeleteMarkers", "Versions"):
            for each in answer.get(kind, ()):
                s3.delete_object(Bucket=self.name, Key=each["Key"], VersionId=each["VersionId"])

    @property
    def content(self) -> bytes | None:
        """Return the current object."""
        s3 = self.client("s3")
        try:
            return bytes(s3.get_object(Bucket=self.name, Key=KEY)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None

    @property
    def _item(self) -> dict[str, Any]:
        return {"LockID": {"S": f"{self.name}/{KEY}-md5"}}

    def put_digest(self, digest: str) -> None:
        """Write the digest alone."""
        self.client("dynamodb").put_item(
            TableName=self.table, Item={**self._item, "Digest": {"S": digest}}
        )

    def delete_digest(self) -> None:
        """Delete the digest alone."""
        self.client("dynamodb").delete_item(TableName=self.table, Key=self._item)

    @property
    def digest(self) -> str | None:
        """Return the digest that Terraform expects."""
        answer = self.client("dynamodb").get_item(TableName=self.table, Key=self._item)
        return str(answer["Item"]["Digest"]["S"]) if "Item" in answer else None

    @property
    def consistent(self) -> bool:
        """Return whether Terraform accepts object and digest."""
        content, digest = self.content, self.digest
        if content is None:
            return digest is None
        return digest == hashlib.md5(content, usedforsecurity=False).hexdigest()
