"""The stacks of Terraform: the folder, the backend and the variables of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from .errors import ConfigurationError

if TYPE_CHECKING:
    from .adapters.terraform.providers import ProviderSource
    from .adapters.terraform.stack import Stack
    from .app import App
    from .models.github_access import GitHubRepository
    from .models.package import Package
    from .models.plan import TerraformEvent
    from .targets import TerraformValues

# Terraform requires an address even where it subscribes none.
_NO_EMAIL = "nobody@example.com"
# The folder of the main stack.
_MODULE = "terraform"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Stacks:
    """The stacks of a project, made from the settings and the target of `app`."""

    def __init__(self, app: App) -> None:
        self._app = app

    def provider_source(self, name: str = _MODULE) -> ProviderSource:
        """Return where Terraform gets the providers of a stack from."""
        from .adapters.terraform.providers import ProviderSource

        settings = self._app.settings
        return ProviderSource.choose(
            settings.environ,
            lock_file=settings.project / name / ".terraform.lock.hcl",
            platform=self._app.terraform.platform,
            plugin_cache=settings.cache_dir / "providers",
            mirror=settings.provider_mirror,
        )

    def infrastructure(
        self,
        alert_email: str = _NO_EMAIL,
        *,
        command: str = "deploy",
        adopt: Mapping[str, str] = _NOTHING,
        watch: Callable[[TerraformEvent], None] | None = None,
        package: Package | None = None,
    ) -> Stack:
        """Return the main stack; hints of its errors name `command`.

        `adopt` are the import ids of resources that exist and are in no state, by address. `watch`
        gets each event of Terraform after it was reported; what it raises stops Terraform. From
        `package` the function is created.
        """
        large = package is not None and package.is_large
        return self._stack(
            _MODULE,
            command=command,
            backend=self._app.target.backend_config(),
            variables={
                **self._variables(),
                "alert_email": alert_email,
                "function_permissions_boundary": self._boundary,
                "adopt": json.dumps(dict(adopt)),
                "package_s3_bucket": self._app.package_store.bucket if large else "",
                "package_s3_key": self._app.package_store.key if large else "",
            },
            watch=watch,
        )

    def verify_provider(self) -> None:
        """Hash the provider of the main stack, which Terraform is then given without a wait."""
        from .adapters.terraform.provider_server import verify_provider

        settings = self._app.settings
        verify_provider(settings.project / _MODULE, settings.work_dir / _MODULE)

    def configuration(self) -> dict[str, str]:
        """Return a short digest of each file and variable that the main stack is made from."""
        from .adapters.terraform.variables import configuration

        module = self._app.settings.project / _MODULE
        return configuration(module, self._variables(), self._app.session.environment.variables)

    def _variables(self) -> TerraformValues:
        """Return the variables of the main stack that settings and target decide."""
        return {
            "aws_region": self._app.session.environment.region,
            "environment": self._app.environment.name,
            **self._lifetime,
            "lambda_function_name": self._app.settings.function_name,
            "dynamodb_table_name": self._app.settings.table_name,
            **self._app.target.terraform_variables(),
        }

    def require_settings(self) -> None:
        """Raise ConfigurationError for settings that no deploy could use; AWS is not asked.

        Codes: environment-not-temporary, alert-email-invalid, alert-email-missing.
        """
        self._require_lifetime()
        if self._app.environment.is_default or self._app.settings.temporary is False:
            self._app.target.alert_email()
        else:  # it may be temporary, and then needs no address
            _ = self._app.settings.alert_address

    def _require_lifetime(self) -> None:
        if self._app.settings.temporary and self._app.environment.is_default:
            raise ConfigurationError(
                "environment-not-temporary",
                f"the environment {self._app.environment.name!r} cannot be temporary",
                hint="give it another name: tt-ops --env NAME deploy --temporary",
            )

    @cached_property
    def alert_email(self) -> str:
        """Return the address that alarms are sent to; a temporary environment subscribes none.

        Raises ConfigurationError.
        """
        return _NO_EMAIL if self._lifetime.get("temporary") else self._app.target.alert_email()

    @cached_property
    def _lifetime(self) -> TerraformValues:
        """Return whether the environment is temporary: as the settings say, else as it is."""
        self._require_lifetime()
        if self._app.environment.is_default:
            return _NOTHING
        temporary = self._app.settings.temporary
        return {
            "temporary": self._app.deployments.is_temporary() if temporary is None else temporary
        }

    @cached_property
    def _boundary(self) -> str:
        """Return the ARN of the boundary of the function's role; empty without one."""
        region = self._app.session.environment.region
        names = self._app.environment.boundaries(self._app.settings.function_name, region)
        return next(filter(None, map(self._app.iam.policy_arn, names)), "")

    def bootstrap(self, state_file: Path, variables: TerraformValues, *, command: str) -> Stack:
        """Return the stack of the state backend, with its own state in `state_file`."""
        return self._stack(
            "bootstrap",
            command=command,
            backend={"path": str(state_file)},
            variables={
                "aws_region": self._app.session.environment.region,
                "state_bucket": self._app.settings.state_bucket,
                "lock_table": self._app.settings.lock_table,
                **self._app.target.bootstrap_variables(),
                **variables,
            },
        )

    def github(
        self, repository: GitHubRepository, variables: TerraformValues, *, command: str
    ) -> Stack:
        """Return the stack of the roles for `repository`, with its state in the state backend."""
        from .adapters.aws.state_backend import GITHUB_STATE_KEY

        settings, backend = self._app.settings, self._app.target.backend_config()
        return self._stack(
            "bootstrap/github",
            command=command,
            backend={**backend, "key": GITHUB_STATE_KEY},
            variables={
                "aws_region": self._app.session.environment.region,
                "s3_use_path_style": backend["use_path_style"],
                "state_bucket": settings.state_bucket,
                "state_key": settings.state_key,
                "github_state_key": GITHUB_STATE_KEY,
                "lock_table": settings.lock_table,
                "lambda_function_name": settings.function_name,
                "dynamodb_table_name": settings.table_name,
                "github_owner": repository.owner,
                "github_repository": repository.name,
                "github_owner_id": repository.owner_id,
                "github_repository_id": repository.id,
                **variables,
            },
        )

    def _stack(
        self,
        name: str,
        *,
        command: str,
        backend: TerraformValues,
        variables: TerraformValues,
        watch: Callable[[TerraformEvent], None] | None = None,
    ) -> Stack:
        from .adapters.terraform.runner import Runner
        from .adapters.terraform.stack import Stack

        settings, environment = self._app.settings, self._app.session.environment.variables
        directory = settings.project / name
        data_directory = settings.work_dir / directory.name

        def report(event: TerraformEvent) -> None:
            self._app.report.terraform(event)
            if watch is not None:
                watch(event)

        runner = Runner(
            executable=self._app.terraform.path,
            directory=directory,
            data_directory=data_directory,
            backend=backend,
            variables=variables,
            environment={**environment, **self.provider_source(name).environment(data_directory)},
            report=report,
            redact=self._app.redact,
            command=command,
        )
        return Stack(runner, exists_since=self._app.target.exists_since())
