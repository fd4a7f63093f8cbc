"""The composition root: makes adapters from settings and a target, each when first used."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from .errors import ConfigurationError
from .settings import DEFAULT_REGION, Settings

if TYPE_CHECKING:
    from .adapters.aws.alarms import Alarms
    from .adapters.aws.apis import Apis
    from .adapters.aws.dashboards import Dashboards
    from .adapters.aws.deploy_lock import DeployLocks
    from .adapters.aws.deployments import Deployments
    from .adapters.aws.drill_records import DrillRecords
    from .adapters.aws.environments import Environments
    from .adapters.aws.functions import Functions
    from .adapters.aws.iam import Iam
    from .adapters.aws.inventory import Inventory
    from .adapters.aws.logs import LogGroup
    from .adapters.aws.metrics import MetricData
    from .adapters.aws.mute_rules import MuteRules
    from .adapters.aws.packages import PackageStore
    from .adapters.aws.releases import ReleaseRecords
    from .adapters.aws.session import AwsSession
    from .adapters.aws.state_backend import StateBackend
    from .adapters.aws.state_files import StateFiles
    from .adapters.aws.table_items import TableItems
    from .adapters.aws.table_recovery import TableRecovery
    from .adapters.aws.tables import Tables
    from .adapters.aws.tags import ResourceTags
    from .adapters.aws.terraform_locks import TerraformLocks
    from .adapters.aws.topics import Topics
    from .adapters.aws.usage import Usage
    from .adapters.host.github_api import GitHub
    from .adapters.host.task_memory import TaskMemory
    from .adapters.package.dependencies import Dependencies
    from .adapters.task_api.client import TaskClient
    from .adapters.terraform.toolchain import TerraformBinary, Toolchain
    from .environments import Environment
    from .local.emulator import LocalEmulator
    from .models.deployment import Deployment
    from .reporting import Reporter
    from .stacks import Stacks
    from .targets import Target

Approve = Callable[[str], bool]


class App:
    """All that workflows use. Imports are inside of methods: a command pays for what it uses."""

    def __init__(self, settings: Settings, report: Reporter, approve: Approve) -> None:
        """`approve` asks the user to agree to a sentence before something is installed."""
        self.settings = settings
        self.report = report
        self._approve = approve

    def reporting_to(self, report: Reporter) -> App:
        """Return an application with another reporter, and the adapters that this one has."""
        other = copy(self)
        other.report = report
        return other

    @cached_property
    def target(self) -> Target:
        """Return the target that the settings name."""
        if self.settings.target == "local":
            from .local.target import LocalTarget

            return LocalTarget(self.settings, self.emulator)
        from .targets import AwsTarget

        return AwsTarget(self.settings, self._has_local_deployment)

    @property
    def region(self) -> tuple[str, str | None]:
        """Return the region of the target, and what names it; None for the default."""
        from .targets import aws_region

        if self.settings.target == "local":
            return self.settings.region or DEFAULT_REGION, self.settings.origins.get("region")
        return aws_region(self.settings)

    def _has_local_deployment(self) -> bool:
        """Return whether the local target of this project is running."""
        from .local import process

        project = self.settings.project_dir
        return project is not None and process.find(project / ".tt-ops" / "local") is not None

    @cached_property
    def emulator(self) -> LocalEmulator:
        """Return the emulator of this project; outside of one, the only one that is running.

        Raises ConfigurationError `project-missing` or `project-ambiguous`.
        """
        from .local.emulator import LocalEmulator
        from .local.registry import EmulatorRegistry

        settings = self.settings
        registry = EmulatorRegistry(settings.cache_dir / "emulators")
        directory = (
            settings.project_dir / ".tt-ops" / "local" if settings.project_dir else registry.only()
        )
        return LocalEmulator(
            directory,
            settings.local_port,
            self.report.note,
            registry,
            persists=settings.local_persist,
        )

    @cached_property
    def environment(self) -> Environment:
        """Return the environment that the settings name."""
        from .environments import Environment

        return Environment(self.settings.env)

    @cached_property
    def session(self) -> AwsSession:
        """Return the session with the target's AWS."""
        environment = self.target.environment()
        from .adapters.aws.session import AwsSession

        return AwsSession(environment)

    def ensure_ready(self) -> None:
        """Start what has to run, and find credentials without a call to AWS.

        Raises ConfigurationError where there are none.
        """
        self.target.ensure_ready(self.report)
        self.session.require_credentials()

    @cached_property
    def deployments(self) -> Deployments:
        """Return the adapter of the deployment's own description."""
        session = self.session  # first: without credentials, the import would be in vain
        from .adapters.aws.deployments import Deployments

        return Deployments(session, self.environment)

    @cached_property
    def environments(self) -> Environments:
        """Return what finds all environments of the account and region."""
        from .adapters.aws.environments import Environments

        return Environments(self.session)

    @cached_property
    def drill_records(self) -> DrillRecords:
        """Return the adapter of the record of the last drill of all alarms."""
        from .adapters.aws.drill_records import DrillRecords

        return DrillRecords(self.session, self.environment)

    @cached_property
    def dashboards(self) -> Dashboards:
        """Return the adapter of dashboards."""
        from .adapters.aws.dashboards import Dashboards

        return Dashboards(self.session)

    @cached_property
    def metric_data(self) -> MetricData:
        """Return the adapter of metric data."""
        from .adapters.aws.metrics import MetricData

        return MetricData(self.session)

    @cached_property
    def functions(self) -> Functions:
        """Return the adapter of the function that the settings name."""
        from .adapters.aws.functions import Functions

        return Functions(self.session, self.settings.function_name)

    def deployed_function(self, deployment: Deployment) -> Functions:
        """Return the adapter of a deployment's function."""
        from .adapters.aws.functions import Functions

        return Functions(self.session, deployment.function_name)

    @cached_property
    def alarms(self) -> Alarms:
        """Return the adapter of alarms."""
        from .adapters.aws.alarms import Alarms

        return Alarms(self.session)

    @cached_property
    def mute_rules(self) -> MuteRules:
        """Return the adapter of alarm mute rules."""
        from .adapters.aws.mute_rules import MuteRules

        return MuteRules(self.session)

    @cached_property
    def topics(self) -> Topics:
        """Return the adapter of topics and their subscriptions."""
        from .adapters.aws.topics import Topics

        return Topics(self.session)

    def log_group(self, name: str, release: int | None = None) -> LogGroup:
        """Return a log group, or the part of it that one release of the function wrote."""
        from .adapters.aws.logs import LogGroup

        return LogGroup(self.session, name, release)

    def access_log(self, deployment: Deployment) -> LogGroup:
        """Return the log group of the API's access log, which its stage names."""
        from .adapters.aws.logs import access_log_group

        return self.log_group(access_log_group(self.session, deployment.api_id))

    @cached_property
    def tables(self) -> Tables:
        """Return the adapter of tables."""
        from .adapters.aws.tables import Tables

        return Tables(self.session)

    def table_items(self, table: str) -> TableItems:
        """Return the items of a table of tasks."""
        from .adapters.aws.table_items import TableItems

        return TableItems(self.session, table)

    def table_recovery(self, deployment: Deployment) -> TableRecovery:
        """Return the point-in-time recovery of a deployment's table."""
        from .adapters.aws.table_recovery import TableRecovery

        return TableRecovery(self.session, deployment.table_name)

    @cached_property
    def usage(self) -> Usage:
        """Return what reads how much the deployment keeps, and the quotas."""
        from .adapters.aws.usage import Usage

        return Usage(self.session)

    @cached_property
    def state_backend(self) -> StateBackend:
        """Return the adapter of the state backend."""
        from .adapters.aws.state_backend import StateBackend

        return StateBackend(
            self.session,
            bucket=self.settings.state_bucket,
            lock_table=self.settings.lock_table,
        )

    @cached_property
    def package_store(self) -> PackageStore:
        """Return the adapter of the place for large packages."""
        from .adapters.aws.packages import PackageStore

        settings = self.settings
        return PackageStore(
            self.session, bucket=settings.state_bucket, state_key=settings.state_key
        )

    @cached_property
    def release_records(self) -> ReleaseRecords:
        """Return the adapter of the records of releases."""
        from .adapters.aws.releases import ReleaseRecords

        settings = self.settings
        return ReleaseRecords(
            self.session, bucket=settings.state_bucket, state_key=settings.state_key
        )

    @cached_property
    def deploy_locks(self) -> DeployLocks:
        """Return the adapter of the deploy lock."""
        from .adapters.aws.deploy_lock import DeployLocks

        settings = self.settings
        return DeployLocks(self.session, bucket=settings.state_bucket, state_key=settings.state_key)

    @cached_property
    def terraform_locks(self) -> TerraformLocks:
        """Return the adapter of Terraform's own locks of the main stack's state."""
        return self.locks_of(self.settings.state_key)

    def locks_of(self, state_key: str) -> TerraformLocks:
        """Return the adapter of Terraform's own locks of a state."""
        from .adapters.aws.terraform_locks import TerraformLocks

        settings = self.settings
        return TerraformLocks(
            self.session,
            bucket=settings.state_bucket,
            table=settings.lock_table,
            state_key=state_key,
        )

    @cached_property
    def state_files(self) -> StateFiles:
        """Return the adapter of the state files."""
        from .adapters.aws.state_files import StateFiles

        return StateFiles(
            self.session,
            bucket=self.settings.state_bucket,
            lock_table=self.settings.lock_table,
        )

    def inventory(
        self, *, described_api: str | None = None, alert_email: str | None = None
    ) -> Inventory:
        """Return what finds the deployment's resources by name and tag.

        `described_api` is the API in the deployment's description, `alert_email` the address whose
        subscription is looked for.
        """
        from .adapters.aws.inventory import Inventory

        return Inventory(
            self.session,
            self.environment,
            function=self.settings.function_name,
            table=self.settings.table_name,
            alert_email=alert_email,
            described_api=described_api,
        )

    @cached_property
    def resource_tags(self) -> ResourceTags:
        """Return the adapter of tags."""
        from .adapters.aws.tags import ResourceTags

        return ResourceTags(self.session, self.environment)

    @cached_property
    def apis(self) -> Apis:
        """Return the adapter of HTTP APIs."""
        from .adapters.aws.apis import Apis

        return Apis(self.session, self.environment)

    @cached_property
    def iam(self) -> Iam:
        """Return the adapter of IAM."""
        from .adapters.aws.iam import Iam

        return Iam(self.session)

    @cached_property
    def github(self) -> GitHub:
        """Return the client of GitHub's API."""
        from .adapters.host.github_api import GitHub

        return GitHub(self.settings.environ.get("GITHUB_API_URL") or "https://api.github.com")

    def tasks(self, deployment: Deployment | None = None) -> TaskClient:
        """Return the client of the API at the configured address, or of the deployment.

        A deployment that is passed in is only probed, without a token if none is set.
        Raises ConfigurationError `api-token-missing` or `api-not-served`.
        """
        from .adapters.task_api.client import TaskClient

        probing = deployment is not None
        if self.settings.api_url and deployment is None:
            return self._bearer(self.settings.api_url)
        deployment = deployment or self.deployments.get()
        url = self._api_address(deployment)
        if deployment.api_auth == "NONE":
            return TaskClient(url)
        if deployment.api_auth == "JWT":
            if not (self.settings.api_token or probing):
                raise ConfigurationError(
                    "api-token-missing",
                    f"the API at {url!r} takes bearer tokens (api_auth = 'JWT'), and none is set",
                    hint="get one from its issuer, and set it: export TT_OPS_API_TOKEN=TOKEN",
                )
            return self._bearer(url)
        from .adapters.task_api.authorization import IamAuth

        return TaskClient(url, authorise=IamAuth(self.session))

    @property
    def task_memory(self) -> TaskMemory:
        """Return what is remembered of the tasks of each API on this machine."""
        from .adapters.host.task_memory import TaskMemory

        settings = self.settings
        names = ("target", "env", "profile", "region", "api_url", "project_dir")
        where = [str(getattr(settings, name)) for name in names]
        return TaskMemory(settings.state_dir / "tasks", where)

    def drills(self, deployment: Deployment) -> TaskClient:
        """Return the client of the drill routes, which accept signed requests only."""
        from .adapters.task_api.authorization import IamAuth
        from .adapters.task_api.client import TaskClient

        return TaskClient(self._api_address(deployment), authorise=IamAuth(self.session))

    def _api_address(self, deployment: Deployment) -> str:
        from .adapters.aws.deployments import api_address

        return api_address(deployment, self.session.environment)

    def _bearer(self, url: str) -> TaskClient:
        from .adapters.task_api.authorization import BearerAuth
        from .adapters.task_api.client import TaskClient

        token = self.settings.api_token
        return TaskClient(url, authorise=BearerAuth(token, url) if token else None)

    @cached_property
    def dependencies(self) -> Dependencies:
        """Return what installs the packages that the function needs."""
        from .adapters.package.dependencies import Dependencies

        return Dependencies(self.settings.cache_dir / "packages", self.settings.environ)

    @cached_property
    def terraform(self) -> TerraformBinary:
        """Return the Terraform to run, installed or, with the user's consent, downloaded."""
        return self.toolchain.terraform()

    @property
    def toolchain(self) -> Toolchain:
        """Return what finds Terraform."""
        from .adapters.terraform.toolchain import Toolchain

        return Toolchain(
            configured=self.settings.terraform,
            environment=self.settings.environ,
            cache=self.settings.cache_dir,
            approve=self._approve,
            progress=self.report.download,
            releases=self.settings.terraform_releases_url,
        )

    @cached_property
    def redact(self) -> Callable[[str], str]:
        """Return the function that removes the secrets from a text."""
        from .output.redaction import Redaction

        return Redaction(self.settings)

    @cached_property
    def stacks(self) -> Stacks:
        """Return the stacks of Terraform."""
        from .stacks import Stacks

        return Stacks(self)
