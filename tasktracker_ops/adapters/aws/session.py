"""botocore's session and clients, and AWS's errors as errors for the user.

Without boto3: its import takes a third of a short command, and adds nothing to single calls.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from json import JSONDecodeError
from typing import Any

import botocore.session
from botocore import exceptions as boto_errors
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.parsers import ResponseParserError

from tasktracker_ops.adapters.host.loopback import is_loopback
from tasktracker_ops.errors import SAME_COMMAND, ConfigurationError, TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment

from .model_loader import model_loader
from .responses import reject_non_aws_response

# On a laptop the address of the instance metadata drops packets, and botocore tries it twice.
_SHORT_METADATA_TIMEOUT = {
    "metadata_service_timeout": (
        "metadata_service_timeout",
        "AWS_METADATA_SERVICE_TIMEOUT",
        0.4,
        float,
    )
}
_READ_TIMEOUT = 10  # seconds
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_REJECTED = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
_REJECTED |= {"InvalidAccessKeyId", "AuthFailure", "InvalidSignatureException", "InvalidToken"}
_REJECTED |= {"IncompleteSignature", "IncompleteSignatureException"}
_REJECTED |= {"MissingAuthenticationToken", "MissingAuthenticationTokenException"}
# The first is S3's; the other services use the code of a wrong signature and these words.
_CLOCK_CODES = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_CLOCK_MESSAGES = ("Signature expired", "Signature not yet current")
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_NOT_FOUND = {"404", "NotFound", "NotFoundException", "ResourceNotFound"}
_NOT_FOUND |= {"ResourceNotFoundException", "DashboardNotFoundError", "ParameterNotFound"}
_NOT_FOUND |= {"NoSuchBucket", "NoSuchBucketPolicy", "NoSuchKey", "NoSuchVersion", "NoSuchTagSet"}
_NOT_FOUND |= {"NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration"}
_NOT_FOUND |= {"NoSuchEntity", "NoSuchEntityException"}
_NOT_FOUND |= {"ServerSideEncryptionConfigurationNotFoundError"}
_NOT_FOUND |= {"InvalidResourceId"}  # SSM's, of a parameter whose tags are read
_THROTTLED = {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"}
_THROTTLED |= {"RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"}
_THROTTLED |= {"SlowDown", "ProvisionedThroughputExceededException", "429"}
# Of an operation that does not exist, in moto, LocalStack and AWS.
UNKNOWN_OPERATION = {"500", "501", "InternalFailure", "NotImplemented", "InvalidAction"}
UNKNOWN_OPERATION |= {"UnknownOperation", "UnknownOperationException"}
# Of a conditional write to S3; the second answers two of them at the same moment.
CONDITION_FAILED = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_LOGIN_HINT = "sign in, or choose another profile (--profile NAME): aws sso login --profile NAME"
# The command prints no credentials.
CONNECTION_HINT = (
    "check endpoint, proxy and CA settings: env | grep -i -e endpoint -e proxy -e ca_bundle"
)


class AwsError(TtOpsError):
    """An error response of AWS that a caller may handle; `aws_code` and `aws_message` are AWS's."""

    def __init__(self, action: str, aws_code: str, message: str, request_id: str = "") -> None:
        request = f" (request {request_id})" if request_id else ""
        self.aws_code = aws_code
        self.aws_message = message.rstrip(".")
        reason = f"{aws_code}: {self.aws_message}{request}"
        if aws_code in _THROTTLED:
            code, sentence = "aws-throttled", f"{action}: AWS throttles requests: {reason}"
        else:
            code, sentence = "aws-error", f"{action} failed: {reason}"
        super().__init__(code, sentence, hint=f"try again in a minute: {SAME_COMMAND}")


class AwsNotFound(AwsError):
    """The requested resource does not exist."""


class AwsSession:
    """Clients of botocore for one environment, each created once, for all threads."""

    def __init__(self, environment: AwsEnvironment) -> None:
        self.environment = environment
        self._clients: dict[str, Any] = {}
        # Clients may be used by several threads, but a session may not.
        self._creating = threading.Lock()

    @cached_property
    def _session(self) -> botocore.session.Session:
        environment = self.environment
        core = botocore.session.Session(
            session_vars=_sealed_variables() if environment.sealed else _SHORT_METADATA_TIMEOUT,
            profile=environment.profile,
        )
        core.set_config_variable("region", environment.region)
        if environment.access_key_id is not None:
            core.set_credentials(environment.access_key_id, environment.secret_access_key)
        with aws_errors("reading the AWS configuration"):
            core.get_scoped_config()
            paths = core.get_component("data_loader").search_paths
        core.register_component("data_loader", model_loader(tuple(paths)))
        return core

    def client(self, service: str) -> Any:
        """Return the client of `service`."""
        with self._creating, aws_errors(f"creating the {service} client"):
            if service not in self._clients:
                client = self._session.create_client(
                    service, endpoint_url=self._endpoint_url, config=self._config
                )
                # Wildcards run before botocore's `before-parse.s3.*`, which takes an unreadable
                # response for an error of S3.
                client.meta.events.register("before-parse.*.*", reject_non_aws_response)
                self._clients[service] = client
        return self._clients[service]

    @property
    def _endpoint_url(self) -> str | None:
        # Otherwise botocore reads the variable, and specific ones such as AWS_ENDPOINT_URL_S3.
        return self.environment.endpoint_url if self.environment.sealed else None

    @property
    def _config(self) -> Config:
        path_style = {"addressing_style": "path"} if self.environment.endpoint_url else {}
        return Config(
            connect_timeout=5,
            # Between two reads, not for the whole response: AWS starts to answer within a second.
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": 4},
            s3=path_style,
            proxies={} if is_loopback(self.environment.endpoint_url or "") else None,
        )

    def credentials(self) -> Any:
        """Return botocore's frozen credentials. Raises ConfigurationError without any."""
        with aws_errors("looking for AWS credentials"):
            credentials = self._session.get_credentials()
            if credentials is None:
                raise boto_errors.NoCredentialsError
            return credentials.get_frozen_credentials()

    def require_credentials(self) -> None:
        """Raise ConfigurationError without credentials; no request is sent."""
        self.credentials()

    @cached_property
    def account_id(self) -> str:
        """Return the account that the credentials belong to; one request is sent."""
        with aws_errors("reading the account of the credentials"):
            return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def partition(self) -> str:
        """Return the partition of AWS that the region belongs to, such as aws."""
        with aws_errors("looking for the partition of the region"):
            return str(self._session.get_partition_for_region(self.environment.region))


@contextmanager
def aws_errors(action: str) -> Iterator[None]:
    """Turn botocore's errors into TtOpsError; `action` says what was being done."""
    try:
        yield
    except boto_errors.ClientError as error:
        raise _response_error(action, error.response) from error
    except boto_errors.ProfileNotFound as error:
        raise ConfigurationError(
            "aws-profile-missing",
            f"{action}: {_one_line(error)}",
            hint="list your profiles: aws configure list-profiles",
        ) from error
    except _CREDENTIAL_ERRORS as error:
        raise ConfigurationError(
            "aws-credentials-missing", f"no AWS credentials: {_one_line(error)}", hint=_LOGIN_HINT
        ) from error
    except JSONDecodeError as error:
        raise ConfigurationError(
            "aws-credentials-missing",
            f"no AWS credentials: the output of credential_process is not JSON ({error})",
            hint=_LOGIN_HINT,
        ) from error
    except _CONNECTION_ERRORS as error:
        raise TtOpsError(
            "aws-unreachable",
            f"{action}: AWS does not answer: {_one_line(error)}",
            hint=CONNECTION_HINT,
        ) from error
    except ResponseParserError as error:
        raise TtOpsError(
            "aws-unreachable",
            f"{action}: the answer is not from AWS: {_one_line(error)[:200]}",
            hint=CONNECTION_HINT,
        ) from error
    # ValueError: an invalid region or endpoint; OSError: a credential_process that cannot start.
    except (boto_errors.BotoCoreError, ValueError, OSError) as error:
        raise ConfigurationError(
            "aws-configuration-invalid",
            f"{action}: {_one_line(error)}",
            hint="check your AWS settings: aws configure list",
        ) from error


_CREDENTIAL_ERRORS = (
    boto_errors.NoCredentialsError,
    boto_errors.PartialCredentialsError,
    boto_errors.CredentialRetrievalError,
    boto_errors.TokenRetrievalError,
    boto_errors.SSOError,
    getattr(boto_errors, "LoginError", boto_errors.SSOError),  # new in boto3 1.41
    boto_errors.RefreshWithMFAUnsupportedError,
)
_CONNECTION_ERRORS = (
    boto_errors.HTTPClientError,
    boto_errors.ConnectionError,
    boto_errors.IncompleteReadError,
)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _response_error(action: str, response: Mapping[str, Any]) -> TtOpsError:
    details = response.get("Error", {})
    code, message = str(details.get("Code", "Unknown")), str(details.get("Message", ""))
    if code in _CLOCK_CODES or message.startswith(_CLOCK_MESSAGES):
        return ConfigurationError(
            "clock-wrong",
            f"{action}: this machine's clock differs from AWS's ({message or code})",
            hint="compare it with the right time, and set it: date -u",
        )
    if code in _EXPIRED:
        return ConfigurationError(
            "aws-credentials-expired",
            f"{action}: the AWS credentials have expired",
            hint=_LOGIN_HINT,
        )
    if code in _REJECTED:
        return ConfigurationError(
            "aws-credentials-rejected",
            f"{action}: AWS does not accept these credentials ({code}: {message.rstrip('.')})",
            hint=_LOGIN_HINT,
        )
    if code in _DENIED:
        return ConfigurationError(
            "aws-access-denied",
            f"{action}: these credentials do not allow it ({message.rstrip('.') or code})",
            hint="see whose credentials they are: aws sts get-caller-identity",
        )
    kind = AwsNotFound if code in _NOT_FOUND else AwsError
    return kind(
        action, code, message, str(response.get("ResponseMetadata", {}).get("RequestId", ""))
    )


def _sealed_variables() -> dict[str, tuple[Any, ...]]:
    """Return botocore's session variables without the user's environment and files."""
    variables = {
        name: (None, None, *rest[2:]) for name, rest in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for name in ("config_file", "credentials_file"):
        variables[name] = (None, None, os.devnull, None)
    return variables
