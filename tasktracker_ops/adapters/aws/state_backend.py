"""The S3 bucket and the DynamoDB table that hold Terraform's state and its locks."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasktracker_ops.adapters.host.disk import reporting_full_disk
from tasktracker_ops.environments import is_project
from tasktracker_ops.errors import ConfigurationError, TtOpsError

from .deploy_lock import lock_key, waiting_prefix
from .packages import packages_prefix
from .releases import releases_prefix
from .session import AwsError, AwsNotFound, AwsSession, aws_errors

# The bootstrap stack creates the bucket, so its own state is moved there afterwards.
BOOTSTRAP_STATE_KEY = "bootstrap/terraform.tfstate"
GITHUB_STATE_KEY = "infra/github.tfstate"
# The policy statement and the lifecycle rules of bootstrap/backend_setup.tf.
_POLICY_SID = "TlsOnly"
_RULE_IDS = {"expire-old-versions", "expire-deploy-locks"}


@dataclass(frozen=True, slots=True)
class BackendExistence:
    """The parts of the backend that exist in this account."""

    bucket: bool
    lock_table: bool

    @property
    def any(self) -> bool:
        """Return whether a part exists."""
        return self.bucket or self.lock_table

    @property
    def complete(self) -> bool:
        """Return whether both parts exist, so that Terraform can use the backend."""
        return self.bucket and self.lock_table


class StateBackend:
    """The state bucket and the lock table of one account and region."""

    def __init__(self, session: AwsSession, *, bucket: str, lock_table: str) -> None:
        self._session = session
        self.bucket = bucket
        self.lock_table = lock_table

    def exists(self) -> BackendExistence:
        """Return which parts exist.

        Raises ConfigurationError for a bucket of another account (state-bucket-taken) or in another
        region (state-bucket-elsewhere).
        """
        return BackendExistence(bucket=self._bucket_exists(), lock_table=self._table_exists())

    def _bucket_exists(self) -> bool:
        # Read first, since HeadBucket answers expired credentials with a bare 400.
        account = self._session.account_id
        try:
            with aws_errors(f"looking for the bucket {self.bucket!r}"):
                answer = self._s3.head_bucket(Bucket=self.bucket, ExpectedBucketOwner=account)
        except AwsNotFound:
            return False
        except AwsError as error:
            if error.aws_code != "301":
                raise
            raise self._bucket_elsewhere(account) from None
        except ConfigurationError as error:
            if error.code != "aws-access-denied":
                raise
            raise self._bucket_taken(account) from None
        region = answer.get("BucketRegion") or self._session.environment.region
        if region != self._session.environment.region:
            raise self._bucket_elsewhere(account, region)
        return True

    def _bucket_taken(self, account: str) -> ConfigurationError:
        return ConfigurationError(
            "state-bucket-taken",
            f"the bucket {self.bucket!r} belongs to another account, or account {account!r} has no "
            "access to it (bucket names are unique across AWS)",
            hint="choose another name: "
            f"tt-ops bootstrap --state-bucket task-tracker-terraform-state-{account}",
        )

    def _bucket_elsewhere(self, account: str, region: str = "another region") -> ConfigurationError:
        here = self._session.environment.region
        return ConfigurationError(
            "state-bucket-elsewhere",
            f"the bucket {self.bucket!r} is in {region}, not in {here!r} "
            "(bucket names are unique across regions)",
            hint="use its region (--region), or another bucket for this one: "
            f"tt-ops bootstrap --state-bucket task-tracker-terraform-state-{account}-{here}",
        )

    def _table_exists(self) -> bool:
        action = f"looking for the lock table {self.lock_table!r}"
        with suppress(AwsNotFound), aws_errors(action):
            self._dynamodb.describe_table(TableName=self.lock_table)
            return True
        return False

    def is_versioned(self) -> bool:
        """Return whether the bucket keeps the versions of its objects."""
        return bool(self._setting("get_bucket_versioning").get("Status") == "Enabled")

    def is_private(self) -> bool:
        """Return whether the bucket blocks public access in all four ways."""
        blocks = self._setting("get_public_access_block").get("PublicAccessBlockConfiguration", {})
        return len(blocks) == 4 and all(blocks.values())

    def encryption(self) -> str | None:
        """Return the algorithm that new objects are encrypted with by default; None without."""
        answer = self._setting("get_bucket_encryption")
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
        algorithms = (
            rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules
        )
        return next(filter(None, algorithms), None)

    def fetch_bootstrap_state(self, file: Path) -> bool:
        """Write the bootstrap stack's state to `file`; return False where the bucket has none."""
        content = self._read(BOOTSTRAP_STATE_KEY)
        if content is None:
            return False
        with reporting_full_disk(file):
            file.write_bytes(content)
        return True

    def store_bootstrap_state(self, file: Path) -> None:
        """Write the bootstrap stack's state to the bucket."""
        content = file.read_bytes()
        with aws_errors(f"writing {BOOTSTRAP_STATE_KEY!r} to {self.bucket!r}"):
            self._s3.put_object(Bucket=self.bucket, Key=BOOTSTRAP_STATE_KEY, Body=content)

    def empty_bucket(self) -> None:
        """Delete every version of every object, since only an empty bucket can be deleted.

        Delete markers go first: moto cannot delete the last version of a key that has one.
        """
        pages = self._s3.get_paginator("list_object_versions")
        with aws_errors(f"emptying the bucket {self.bucket!r}"):
            for kind in ("DeleteMarkers", "Versions"):
                for page in pages.paginate(Bucket=self.bucket):
                    for item in page.get(kind, ()):
                        self._s3.delete_object(
                            Bucket=self.bucket, Key=item["Key"], VersionId=item["VersionId"]
                        )

    def outputs(self, state_key: str) -> dict[str, str]:
        """Return the outputs in the state `state_key`, as texts; empty without such a state.

        Raises TtOpsError `state-corrupted` for an object that is no state.
        """
        try:
            outputs = json.loads(self._read(state_key) or "{}").get("outputs", {})
            return {name: str(output["value"]) for name, output in outputs.items()}
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise TtOpsError(
                "state-corrupted",
                f"the state {state_key!r} in the bucket {self.bucket!r} cannot be read: {error}",
                hint="restore an earlier version of it: aws s3api list-object-versions "
                f"--bucket {self.bucket} --prefix {state_key}",
            ) from None

    def _read(self, key: str) -> bytes | None:
        """Return an object of the bucket; None where there is none."""
        with suppress(AwsNotFound), aws_errors(f"reading {key!r} from {self.bucket!r}"):
            return bytes(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        return None

    def keys(self) -> tuple[str, ...]:
        """Return the keys of all objects in the bucket."""
        pages = self._s3.get_paginator("list_objects_v2")
        with aws_errors(f"listing the bucket {self.bucket!r}"):
            return tuple(
                item["Key"]
                for page in pages.paginate(Bucket=self.bucket)
                for item in page.get("Contents", ())
            )

    def foreign_objects(self, *state_keys: str) -> list[str]:
        """Return up to ten keys in the bucket that belong to no stack of this project.

        `state_keys` are those of the states of its environments.
        """
        own = {BOOTSTRAP_STATE_KEY, *map(lock_key, state_keys)}
        for key in (*state_keys, GITHUB_STATE_KEY):
            own |= {key, f"{key}.tflock"}
        prefixes = tuple(
            prefix(key)
            for key in state_keys
            for prefix in (waiting_prefix, releases_prefix, packages_prefix)
        )
        return [key for key in self.keys() if key not in own and not key.startswith(prefixes)][:10]

    def foreign_locks(self) -> list[str]:
        """Return up to ten ids in the lock table that belong to states in another bucket."""
        ids: list[str] = []
        with aws_errors(f"reading the lock table {self.lock_table!r}"):
            for page in self._dynamodb.get_paginator("scan").paginate(
                TableName=self.lock_table, ProjectionExpression="LockID", ConsistentRead=True
            ):
                ids += [item["LockID"]["S"] for item in page["Items"] if "LockID" in item]
        return [lock for lock in ids if not lock.startswith(f"{self.bucket}/")][:10]

    def foreign_settings(self) -> list[str]:
        """Return the settings of the bucket that the bootstrap stack would replace.

        A bucket with our tags has none: a bootstrap made it, and was killed before it stored its
        own state.
        """
        tags = {
            tag["Key"]: tag["Value"]
            for tag in self._setting("get_bucket_tagging").get("TagSet", ())
        }
        if is_project(tags):
            return []
        checks = {
            "a policy": self._has_foreign_policy,
            "lifecycle rules": self._has_foreign_rules,
            "encryption with a KMS key": self._has_kms_key,
        }
        return [name for name, check in checks.items() if check()]

    def _has_foreign_policy(self) -> bool:
        answer = self._setting("get_bucket_policy")
        statements = json.loads(answer.get("Policy", "{}")).get("Statement", [])
        if not isinstance(statements, list):  # a single statement needs no list
            statements = [statements]
        return any(statement.get("Sid") != _POLICY_SID for statement in statements)

    def _has_foreign_rules(self) -> bool:
        rules = self._setting("get_bucket_lifecycle_configuration").get("Rules", [])
        return any(rule.get("ID") not in _RULE_IDS for rule in rules)

    def _has_kms_key(self) -> bool:
        return (self.encryption() or "").startswith("aws:kms")

    def _setting(self, operation: str) -> dict[str, Any]:
        """Return a setting of the bucket; empty where it is not set."""
        action = f"reading the settings of the bucket {self.bucket!r}"
        with suppress(AwsNotFound), aws_errors(action):
            answer: dict[str, Any] = getattr(self._s3, operation)(Bucket=self.bucket)
            return answer
        return {}

    @property
    def _s3(self) -> Any:
        return self._session.client("s3")

    @property
    def _dynamodb(self) -> Any:
        return self._session.client("dynamodb")
