"""Targets: the same deployment in an account, in another emulator, on the local target."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.package.platforms import this_machine
from tasktracker_ops.app import App
from tasktracker_ops.errors import ConfigurationError, ExitCode, TtOpsError
from tasktracker_ops.local.credentials import ACCESS_KEY_ID
from tasktracker_ops.local.emulator import LocalEmulator
from tasktracker_ops.local.target import LocalTarget
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.emulator import RunningEmulator
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.targets import AwsTarget

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_SESSION_TOKEN": "token",
}
NO_FILES = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
MOTO = "http://127.0.0.1:5000"


class Running(LocalEmulator):
    """An emulator that needs no process while it is `alive`."""

    alive = True

    def running(self) -> RunningEmulator:
        """Return a running emulator."""
        if not self.alive:
            return super().running()
        log = Path("/p/server.log")
        return RunningEmulator("http://127.0.0.1:4580", 4580, 1, "", log, "1", same_version=True)


def aws(environ: dict[str, str] | None = None, **settings: Any) -> AwsTarget:
    """Return the AWS target of these variables and settings."""
    return AwsTarget(Settings(environ=NO_FILES | (environ or {}), **settings), lambda: False)


def deployed(**changes: Any) -> Deployment:
    """Return a description with these values."""
    values = dict.fromkeys(Deployment.__dataclass_fields__, "x")
    named = {"region": "eu-west-3", "dashboard_name": "board", "api_id": "abc"}
    return Deployment(**{**values, **named, **changes})


@pytest.fixture
def local(tmp_path: Path) -> LocalTarget:
    """The local target of a user who has settings of all kinds."""
    environ = {
        **KEYS,
        "AWS_PROFILE": "theirs",
        "AWS_CA_BUNDLE": "/nonexistent",
        "HTTPS_PROXY": "http://proxy.example.com",
        "PATH": "/bin",
    }
    return LocalTarget(Settings(target="local", environ=environ), Running(tmp_path))


@pytest.mark.parametrize(
    ("environ", "settings", "region"),
    [
        ({}, {}, "eu-west-3"),
        ({"AWS_DEFAULT_REGION": "us-east-2"}, {}, "us-east-2"),
        ({"AWS_DEFAULT_REGION": "us-east-2", "AWS_REGION": "us-east-1"}, {}, "us-east-1"),
        ({"AWS_REGION": "us-east-1"}, {"region": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": ""}, {}, "eu-west-3"),
    ],
)
def test_every_tool_uses_the_same_region(
    environ: dict[str, str], settings: dict[str, str], region: str
) -> None:
    """boto3, Terraform and its backend get it."""
    target = aws(environ, **settings)
    environment = target.environment()
    assert environment.region == region
    assert environment.variables["AWS_REGION"] == region
    assert environment.variables["AWS_DEFAULT_REGION"] == region
    assert target.backend_config()["region"] == region


CONFIGURATION = """
[default]
region = eu-north-1
[profile work]
region = ca-central-1
[profile bare]
[profile typo]
region = eu-wset-3
"""


@pytest.mark.parametrize(
    ("environ", "settings", "region"),
    [
        ({}, {}, "eu-north-1"),
        ({"AWS_PROFILE": "work"}, {}, "ca-central-1"),
        ({"AWS_PROFILE": "bare"}, {"profile": "work"}, "ca-central-1"),
        ({}, {"profile": "bare"}, "eu-west-3"),
        ({}, {"profile": "missing"}, "eu-west-3"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, {"profile": "work"}, "us-east-1"),
        ({}, {"profile": "work", "region": "us-west-2"}, "us-west-2"),
    ],
)
def test_the_region_of_the_profile_takes_precedence_over_the_default(
    tmp_path: Path, environ: dict[str, str], settings: dict[str, str], region: str
) -> None:
    """Terraform gets it too."""
    file = tmp_path / "config"
    file.write_text(CONFIGURATION)
    environment = aws({"AWS_CONFIG_FILE": str(file), **environ}, **settings).environment()
    assert (environment.region, environment.variables["AWS_REGION"]) == (region, region)


@pytest.mark.parametrize(
    ("environ", "origin"),
    [
        ({"AWS_REGION": "eu-wset-3"}, "AWS_REGION"),
        ({"AWS_DEFAULT_REGION": "eu-wset-3"}, "AWS_DEFAULT_REGION"),
        ({"AWS_PROFILE": "typo"}, "the AWS profile"),
    ],
)
def test_an_unknown_region_in_awss_own_settings_is_refused(
    tmp_path: Path, environ: dict[str, str], origin: str
) -> None:
    """The error names where it was set."""
    file = tmp_path / "config"
    file.write_text(CONFIGURATION)
    with pytest.raises(ConfigurationError) as caught:
        aws({"AWS_CONFIG_FILE": str(file), **environ}).environment()
    assert f"region = 'eu-wset-3' (from {origin}) is not valid" in caught.value.message


def test_an_invalid_aws_configuration_is_an_error(tmp_path: Path) -> None:
    """Its exit code is 4, and it names the file."""
    file = tmp_path / "config"
    file.write_text("region = eu-north-1")
    with pytest.raises(ConfigurationError, match=str(file)) as caught:
        aws({"AWS_CONFIG_FILE": str(file)}).environment()
    assert caught.value.code == "aws-configuration-invalid"


def test_a_named_profile_hides_keys_from_terraform() -> None:
    """Terraform would prefer them, and use another account than boto3."""
    environ = {
        **KEYS,
        "AWS_DEFAULT_PROFILE": "b",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
        "PATH": "/bin",
    }
    environment = aws(environ, profile="mine").environment()
    kept = {
        name: value
        for name, value in environment.variables.items()
        if "REGION" not in name and name not in NO_FILES
    }
    assert (environment.profile, kept) == ("mine", {"AWS_PROFILE": "mine", "PATH": "/bin"})


def test_without_a_profile_variables_are_passed_on_unchanged() -> None:
    """boto3 and Terraform then have the same rules: keys first, then the profile."""
    environment = aws({**KEYS, "AWS_PROFILE": "theirs"}).environment()
    assert environment.profile is None
    assert environment.variables.items() >= {**KEYS, "AWS_PROFILE": "theirs"}.items()


@pytest.mark.parametrize(
    ("endpoint", "path_style", "tls"),
    [("", False, True), (MOTO, True, False), ("https://aws.example.com", True, True)],
)
def test_an_emulator_is_addressed_by_path(endpoint: str, path_style: bool, tls: bool) -> None:
    """A policy that requires TLS would lock everyone out of plain http."""
    target = aws({"AWS_ENDPOINT_URL": endpoint})
    assert target.terraform_variables() == {"s3_use_path_style": path_style}
    assert target.bootstrap_variables() == {"s3_use_path_style": path_style, "require_tls": tls}
    assert target.backend_config()["use_path_style"] == path_style


def test_the_backend_has_the_names_that_are_set() -> None:
    """Bucket, key and lock table."""
    assert aws(state_bucket="mine", lock_table="ours").backend_config() == {
        "bucket": "mine",
        "key": "infra/terraform.tfstate",
        "region": "eu-west-3",
        "dynamodb_table": "ours",
        "use_path_style": False,
    }


def test_the_label_names_the_region_or_the_endpoint() -> None:
    """An emulator is not mistaken for AWS."""
    assert aws().label == "AWS in eu-west-3"
    assert MOTO in aws({"AWS_ENDPOINT_URL": MOTO}).label


def test_in_an_account_alarms_need_an_address() -> None:
    """The exit code is 4, and the hint has the option."""
    with pytest.raises(ConfigurationError, match="is not valid: it takes one e-mail address"):
        aws(alert_email="me@example").alert_email()
    assert aws(alert_email="me@example.com").alert_email() == "me@example.com"
    with pytest.raises(ConfigurationError) as caught:
        aws().alert_email()
    assert (caught.value.code, caught.value.exit_code) == (
        "alert-email-missing",
        ExitCode.CONFIGURATION,
    )
    assert "--alert-email" in caught.value.hint


def test_the_pages_of_an_account_are_its_consoles(tmp_path: Path) -> None:
    """Names are encoded as the console expects them; an emulator has none of them."""
    deployment = deployed(log_group="/aws/lambda/group")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "api.html").touch()
    pages = aws(project_dir=tmp_path).pages(deployment)
    assert pages["dashboard"] == aws().console_url(deployment)
    assert pages["dashboard"].startswith("https://eu-west-3.console.aws.amazon.com/")
    assert pages["dashboard"].endswith("dashboard/board")
    assert pages["logs"].endswith("#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fgroup")
    assert pages["docs"] == f"file://{tmp_path}/docs/api.html"
    assert list(aws({"AWS_ENDPOINT_URL": MOTO}).pages(deployment)) == []


def test_the_local_target_uses_nothing_of_the_users_aws(local: LocalTarget) -> None:
    """No keys, files, profile or proxy."""
    environment = local.environment()
    variables = environment.variables
    assert environment.sealed
    assert environment.profile is None
    assert variables["AWS_ACCESS_KEY_ID"] == environment.access_key_id == ACCESS_KEY_ID
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert variables["AWS_ENDPOINT_URL"] == environment.endpoint_url == "http://127.0.0.1:4580"
    assert "127.0.0.1" in variables["NO_PROXY"]
    assert variables["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"} & set(variables)


def test_the_local_target_has_no_protection_and_sends_no_mail(local: LocalTarget) -> None:
    """It waits for no lifecycle rule, and needs no alert address."""
    assert local.terraform_variables() == {
        "s3_use_path_style": True,
        "aws_max_retries": "4",
        "table_deletion_protection": False,
    }
    assert local.bootstrap_variables() == {
        "s3_use_path_style": True,
        "require_tls": False,
        "expire_old_versions": False,
    }
    assert local.alert_email() == "operator@example.com"
    with pytest.raises(ConfigurationError, match="is not valid: it takes one e-mail address"):
        LocalTarget(Settings(alert_email="me@example"), Running(Path())).alert_email()
    assert "emulator" in local.label


def test_the_local_target_has_one_endpoint(local: LocalTarget) -> None:
    """Its web page is below it; subscriptions are confirmed by a command."""
    assert local.console_url(deployed()) == "http://127.0.0.1:4580/_tt-ops/"
    assert local.confirmation_hint("arn:topic").endswith(": tt-ops local confirm")


@pytest.mark.parametrize(
    ("settings", "options"),
    [({}, "--region eu-west-3"), ({"profile": "my own"}, "--region eu-west-3 --profile 'my own'")],
)
def test_aws_sends_a_confirmation_mail_again(settings: dict[str, str], options: str) -> None:
    """The command names no address, but the same account."""
    hint = aws(**settings).confirmation_hint("arn:aws:sns:eu-west-3:1:alerts")
    assert hint.endswith(
        ": aws sns subscribe --topic-arn arn:aws:sns:eu-west-3:1:alerts --protocol email "
        f'{options} --notification-endpoint "$ALERT_EMAIL"'
    )


@pytest.mark.parametrize("code", ["aws-unreachable", "api-unreachable"])
def test_the_local_target_explains_that_its_emulator_stopped(tmp_path: Path, code: str) -> None:
    """It does only if the emulator was used before, and only for errors of the connection."""
    emulator = Running(tmp_path / ".tt-ops" / "local")
    target = LocalTarget(Settings(target="local"), emulator)
    lost, other = (TtOpsError(each, "x", hint="y: env") for each in (code, "not-deployed"))
    emulator.alive = False
    assert target.explain(lost) is lost
    emulator.alive = True
    target.environment()
    assert target.explain(lost) is lost
    emulator.alive = False
    assert target.explain(other) is other
    assert target.explain(lost).code == "local-not-running"
    assert aws().explain(lost) is lost


def test_an_api_url_needs_no_aws() -> None:
    """It needs neither credentials nor a deployment."""
    settings = Settings(api_url="https://tasks.example.com", environ={"AWS_PROFILE": "missing"})
    app = App(settings, Console(settings), lambda question: False)
    assert app.tasks().api_url == "https://tasks.example.com/"
    assert "session" not in vars(app)


def test_packages_are_for_where_the_function_runs(tmp_path: Path, local: LocalTarget) -> None:
    """For Lambda's architecture as Terraform gets it; on the local target for this machine."""
    root = Path(__file__).parents[1]
    in_lambda = aws(project_dir=root).package_platform()
    assert f'"python{in_lambda.python}"' in (root / "terraform" / "function.tf").read_text()
    assert in_lambda.tags[0] == "manylinux_2_34_aarch64"
    other = aws({"TF_VAR_lambda_architecture": "x86_64"}, project_dir=root).package_platform()
    assert other.tags[-1] == "manylinux2014_x86_64"
    assert other.markers["platform_machine"] == "x86_64"
    assert local.package_platform() == this_machine()


def test_missing_credentials_propose_the_local_target_that_runs() -> None:
    """A user who has deployed this project locally has most likely meant that."""
    error = ConfigurationError("aws-credentials-missing", "no AWS credentials", hint="aws login")
    assert aws().explain(error) is error
    explained = AwsTarget(Settings(), lambda: True).explain(error)
    assert explained.code == error.code
    assert explained.message.endswith("the local target of this project is running")
    assert explained.hint.endswith(": tt-ops --target local …")
