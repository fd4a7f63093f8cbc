"""Settings: where they come from, and the errors for invalid ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasktracker_ops.errors import ConfigurationError, ExitCode
from tasktracker_ops.settings import PROJECT_MARKERS, find_project, load, require_region


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current folder."""
    for marker in PROJECT_MARKERS:
        (tmp_path / marker).mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_precedence_of_settings(project: Path) -> None:
    """The order is flag, variable, environment section, shared section, default."""
    file = project / "tt-ops.toml"
    assert load({}, {}).lock_table == "terraform-locks"
    file.write_text('lock_table = "shared"')
    assert load({}, {}).lock_table == "shared"
    file.write_text('lock_table = "shared"\n[env.default]\nlock_table = "section"')
    assert load({}, {}).lock_table == "section"
    environ = {"TT_OPS_LOCK_TABLE": "variable"}
    assert load({}, environ).lock_table == "variable"
    assert load({"lock_table": "flag"}, environ).lock_table == "flag"


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({"TF_VAR_alert_email": "c@example.com"}, "c@example.com"),
        ({"TF_VAR_alert_email": "c@example.com", "ALERT_EMAIL": "b@example.com"}, "b@example.com"),
        ({"ALERT_EMAIL": "b@example.com", "TT_OPS_ALERT_EMAIL": "a@example.com"}, "a@example.com"),
    ],
)
def test_the_alert_address_has_other_variables_too(
    project: Path, environ: dict[str, str], address: str
) -> None:
    """Those of CI and Terraform count, after ours."""
    assert load({}, environ).alert_email == address


def test_the_project_is_found_from_inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder may be any folder below it."""
    monkeypatch.chdir(project / "terraform")
    assert load({}, {}).project == project
    assert find_project(Path("/")) is None


def test_outside_of_a_project_the_hint_is_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what needs the project fails without one."""
    monkeypatch.chdir(tmp_path)
    settings = load({}, {})
    with pytest.raises(ConfigurationError, match="no Task Tracker project") as caught:
        _ = settings.project
    assert "--project-dir" in caught.value.hint
    assert caught.value.exit_code == ExitCode.CONFIGURATION


@pytest.mark.parametrize(
    ("environ", "quoted"),
    [
        ({"TT_OPS_TARGET": "mars"}, "target = 'mars'"),
        ({"TT_OPS_LOCAL_PORT": "seven"}, "local_port = 'seven'"),
        ({"TT_OPS_LOCAL_PORT": "70000"}, "local_port = '70000'"),
        ({"TT_OPS_VERBOSE": "perhaps"}, "verbose = 'perhaps'"),
        ({"TT_OPS_PROJECT_DIR": "/nowhere"}, "'/nowhere'"),
    ],
)
def test_an_invalid_value_is_quoted(project: Path, environ: dict[str, str], quoted: str) -> None:
    """The error names the setting, the value and its source."""
    with pytest.raises(ConfigurationError) as caught:
        load({}, environ)
    assert quoted in caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        'bucket = "x"',
        "[env.default]\nbucket = 1",
        "[[[",
        "project_dir='x'",
        "env = 'default'",
        "env = ['default']",
        "[env]\ndefault = 3",
        "[env.De_fault]\nregion = 'eu-west-1'",
        "[env.default.more]\nregion = 'eu-west-1'",
    ],
)
def test_a_file_with_a_mistake_is_refused(project: Path, content: str) -> None:
    """A misspelt name is not ignored."""
    (project / "tt-ops.toml").write_text(content)
    with pytest.raises(ConfigurationError, match=r"tt-ops\.toml"):
        load({}, {})


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("region = 5", "text"),
        ("region = ['eu-west-1']", "text"),
        ("terraform = ['terraform']", "text"),
        ("alert_email = {a = 1}", "text"),
        ("state_bucket = true", "text"),
        ("target = ['local']", "one of: aws, local"),
        ("verbose = 2", "true or false"),
        ("verbose = 'perhaps'", "true or false"),
        ("local_port = 1.5", "a port from 0 to 65535"),
        ("local_port = true", "a port from 0 to 65535"),
    ],
)
def test_a_value_of_another_type_is_refused(project: Path, line: str, wanted: str) -> None:
    """A list is not converted to text."""
    (project / "tt-ops.toml").write_text(line)
    with pytest.raises(ConfigurationError, match=f"it takes {wanted}$"):
        load({}, {})


@pytest.mark.parametrize(
    ("region", "command"),
    [
        ("eu-wset-3", "tt-ops --region eu-west-3 …"),
        ("eu-west", "tt-ops --region eu-west-3 …"),
        ("eu-west-33", "tt-ops --region eu-west-3 …"),
        ("eu-west-3\n", "tt-ops --region eu-west-3 …"),
        ("us-esat-1", "tt-ops --region us-east-1 …"),
        ("EU-CENTRAL-1", "tt-ops --region eu-central-1 …"),
        ("paris", "tt-ops --region eu-west-3 …"),
        ("zz-moonbase-7", "pip install --upgrade boto3"),
    ],
)
def test_an_unknown_region_is_refused(project: Path, region: str, command: str) -> None:
    """The error quotes it and its source; the hint suggests a region."""
    with pytest.raises(ConfigurationError, match="knows no such region") as caught:
        load({"region": region}, {})
    assert caught.value.code == "region-invalid"
    assert caught.value.message.startswith(f"region = {region!r} (from --region) is not valid: ")
    assert caught.value.hint.endswith(f": {command}")
    (project / "tt-ops.toml").write_text(f"target = 'aws'\nregion = {json.dumps(region)}")
    with pytest.raises(ConfigurationError) as caught:
        load({}, {})
    assert [finding.line for finding in caught.value.findings] == [2]


def test_a_misspelt_region_gets_a_suggestion() -> None:
    """The hint asks, and has the command."""
    with pytest.raises(ConfigurationError) as caught:
        require_region("eu-wset-3", "AWS_REGION", {})
    assert caught.value.hint.startswith("did you mean 'eu-west-3'? ")


@pytest.mark.parametrize("region", ["eu-west-3", "us-gov-east-1", "ap-southeast-5", "cn-north-1"])
def test_every_region_of_aws_is_known(region: str) -> None:
    """Those of all partitions."""
    assert load({"region": region}, {}).region == region


def test_another_emulator_may_have_other_regions(project: Path) -> None:
    """With AWS_ENDPOINT_URL, which the local target ignores."""
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}
    assert load({"region": "zz-moonbase-7"}, environ).region == "zz-moonbase-7"
    for flags in ({"region": "moonbase"}, {"region": "zz-moonbase-7", "target": "local"}):
        with pytest.raises(ConfigurationError):
            load(flags, environ)


@pytest.mark.parametrize(
    "address",
    [
        "you",
        "you@localhost",
        "you@example..com",
        "you@example.com.",
        "you example@example.com",
        "you@example.com,me@example.com",
        "<you@example.com>",
        "mailto:you@example.com",
        "you@example.com\n",
    ],
)
def test_an_invalid_alert_address_is_refused(address: str) -> None:
    """The error names its source; only commands that need the address check it."""
    settings = load({}, {"ALERT_EMAIL": address})
    with pytest.raises(ConfigurationError) as caught:
        _ = settings.alert_address
    assert caught.value.code == "alert-email-invalid"
    assert f"alert_email = {address!r} (from ALERT_EMAIL) is not valid" in caught.value.message


@pytest.mark.parametrize(
    "address", ["you@example.com", "first.last+alerts@a-b.example.co.uk", "jörg@münchen.example"]
)
def test_a_valid_alert_address_is_accepted(address: str) -> None:
    """It is not changed."""
    assert load({"alert_email": address}, {}).alert_address == address
    assert load({}, {}).alert_address is None


def test_each_environment_has_names_of_its_own(project: Path) -> None:
    """The default's, or those of the shared section, with a suffix; its section's as they are."""
    settings = load({"env": "staging"}, {})
    assert settings.function_name == "task-tracker-function-staging"
    assert settings.table_name == "TaskTable-staging"
    assert settings.state_key == "infra/staging/terraform.tfstate"
    assert settings.work_dir.name == "aws-staging"
    assert (settings.state_bucket, settings.lock_table) == (
        load({}, {}).state_bucket,
        load({}, {}).lock_table,
    )
    (project / "tt-ops.toml").write_text(
        'function_name = "mine"\ntable_name = "Mine"\n[env.staging]\ntable_name = "Staged"\n'
    )
    settings = load({"env": "staging"}, {})
    assert (settings.function_name, settings.table_name) == ("mine-staging", "Staged")
    assert load({"env": "staging"}, {"TT_OPS_TABLE_NAME": "T"}).table_name == "T"
    assert load({}, {}).function_name == "mine"


def test_the_name_of_an_environment_is_part_of_other_names() -> None:
    """What these do not allow is refused."""
    with pytest.raises(ConfigurationError) as caught:
        load({"env": "Staging"}, {})
    assert "env = 'Staging' (from --env) is not valid: it takes a lower" in caught.value.message
    assert caught.value.hint.endswith(": tt-ops --env staging …")


def test_settings_name_their_origins(project: Path) -> None:
    """An option, a variable or the file; a default has none."""
    (project / "tt-ops.toml").write_text('lock_table = "mine"')
    settings = load({"region": "eu-west-1"}, {"ALERT_EMAIL": "you@example.com"})
    assert settings.origins == {
        "region": "--region",
        "alert_email": "ALERT_EMAIL",
        "lock_table": str(project / "tt-ops.toml"),
    }


def test_the_file_has_the_types_of_toml(project: Path) -> None:
    """True and 4000 may have quotes, and an empty text is not set."""
    file = project / "tt-ops.toml"
    file.write_text('verbose = true\nlocal_port = 4000\nquiet = "yes"\nstate_bucket = ""')
    settings = load({}, {})
    assert (settings.verbose, settings.local_port, settings.quiet) == (True, 4000, True)
    assert settings.state_bucket == "task-tracker-terraform-state"


def test_a_missing_home_directory_is_an_error(project: Path) -> None:
    """`~somebody` of an unknown user is an invalid setting."""
    with pytest.raises(ConfigurationError, match="~nobody-of-that-name"):
        load({}, {"TT_OPS_CACHE_DIR": "~nobody-of-that-name/cache"})


def test_a_path_in_the_file_is_relative_to_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder does not matter."""
    (project / "tt-ops.toml").write_text('terraform = "tools/terraform"')
    monkeypatch.chdir(project / "terraform")
    assert load({}, {}).terraform == project / "tools" / "terraform"


def test_no_color_counts_whatever_its_value(project: Path) -> None:
    """NO_COLOR follows no-color.org: present and not empty."""
    assert load({}, {"NO_COLOR": "0"}).no_color
    assert not load({}, {"NO_COLOR": ""}).no_color


def test_secrets_and_addresses_do_not_show_in_a_repr(project: Path) -> None:
    """A settings object in a traceback shows none of them."""
    environ = {"AWS_SECRET_ACCESS_KEY": "s3cr3t", "TT_OPS_API_TOKEN": "t0k3n"}
    shown = repr(load({"alert_email": "me@example.com"}, environ))
    assert "me@example.com" not in shown
    assert "s3cr3t" not in shown
    assert "t0k3n" not in shown


def test_a_token_in_the_file_is_refused(project: Path) -> None:
    """The file is probably committed."""
    (project / "tt-ops.toml").write_text('api_token = "t0k3n"')
    with pytest.raises(ConfigurationError) as caught:
        load({}, {})
    assert "t0k3n" not in caught.value.message
