"""Aliases with weights: what they accept, and which versions they reach."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.alarms_and_metrics import error_of
from tests.emulator.aws import Function

ANSWERS_ITS_VERSION = """
import os

def lambda_handler(event, context):
    return {"statusCode": 200, "body": os.environ["AWS_LAMBDA_FUNCTION_VERSION"]}
"""


@pytest.fixture(scope="module")
def function(aws: Any) -> Function:
    """A function with the versions 1 and 2; its alias `live` is on 1."""
    made = aws.function(ANSWERS_ITS_VERSION)
    assert made.update(ANSWERS_ITS_VERSION + "# 2") == "2"
    return made


@dataclass(frozen=True)
class Live:
    """The alias `live` of a function."""

    function: Function

    def update(self, **changes: Any) -> Any:
        """Update it and return the answer."""
        return self._client.update_alias(FunctionName=self.function.name, Name="live", **changes)

    def read(self) -> Any:
        """Return it as GetAlias answers."""
        return self._client.get_alias(FunctionName=self.function.name, Name="live")

    @property
    def _client(self) -> Any:
        return self.function.aws.client("lambda")


@pytest.fixture
def alias(function: Function) -> Iterator[Live]:
    """The alias `live`, which is on version 1 without weights afterwards."""
    yield Live(function)
    Live(function).update(FunctionVersion="1", RoutingConfig={})


def weights(**shares: float) -> dict[str, Any]:
    """Return a RoutingConfig; the names are versions after a `v`."""
    return {"AdditionalVersionWeights": {name.lstrip("v"): part for name, part in shares.items()}}


def test_weights_stay_until_they_are_replaced_or_removed(
    aws: Any, function: Function, alias: Live
) -> None:
    """GetAlias and ListAliases show them; an update that does not name them keeps them."""
    alias.update(RoutingConfig=weights(v2=0.1))
    alias.update(Description="a canary")
    seen = alias.read()
    assert (seen["FunctionVersion"], seen["Description"]) == ("1", "a canary")
    assert seen["RoutingConfig"] == weights(v2=0.1)
    [listed] = aws.client("lambda").list_aliases(FunctionName=function.name)["Aliases"]
    assert listed["RoutingConfig"] == weights(v2=0.1)
    assert alias.update(RoutingConfig=weights(v2=0.5))["RoutingConfig"] == weights(v2=0.5)
    promoted = alias.update(FunctionVersion="2", RoutingConfig=weights())
    assert promoted["FunctionVersion"] == "2"
    assert "RoutingConfig" not in promoted
    assert "RoutingConfig" not in alias.read()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"RoutingConfig": weights(v1=0.5)},
            "InvalidParameterValue.*version 1 is already included",
        ),
        (
            {"RoutingConfig": weights(v2=0.5, v3=0.1)},
            "InvalidParameterValue.*cannot be greater than 1",
        ),
        ({"RoutingConfig": weights(v2=1.5)}, "ValidationException: .*less than or equal to 1.0"),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}}},
            r"ValidationException: .*expression .*\[0-9\]",
        ),
        ({"RoutingConfig": weights(v9=0.5)}, "ResourceNotFoundException: .*:9"),
        ({"FunctionVersion": "9"}, "ResourceNotFoundException: .*:9"),
        (
            {"FunctionVersion": "$LATEST", "RoutingConfig": weights(v2=0.5)},
            r"InvalidParameterValueException: \$LATEST is not supported",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["create_alias", "update_alias"])
def test_weights_that_lambda_refuses(
    aws: Any, function: Function, operation: str, changes: dict[str, Any], message: str
) -> None:
    """The alias stays as it is, and none is created."""
    name = "other" if operation == "create_alias" else "live"
    request = {"FunctionName": function.name, "Name": name, "FunctionVersion": "1", **changes}
    client = aws.client("lambda")
    error = error_of(lambda: getattr(client, operation)(**request))
    assert re.match(message, error)
    [live] = client.list_aliases(FunctionName=function.name)["Aliases"]
    assert (live["FunctionVersion"], live.get("RoutingConfig")) == ("1", None)


def test_kept_weights_are_checked_against_the_new_version(alias: Live) -> None:
    """A move to the weighted version, or to $LATEST, has to remove the weights as well."""
    alias.update(RoutingConfig=weights(v2=0.1))
    for version in ("2", "$LATEST"):
        assert "InvalidParameterValue" in error_of(
            lambda version=version: alias.update(FunctionVersion=version)
        )


def test_each_invocation_reaches_a_version_by_its_weight(function: Function, alias: Live) -> None:
    """By the Invoke API; the answer names the version that ran."""
    alias.update(RoutingConfig=weights(v2=0.5))
    reached: Counter[str] = Counter()
    for number in range(100):
        by_name = number % 2
        name = {"FunctionName": f"{function.name}:live"} if by_name else {"Qualifier": "live"}
        answer = function.invoke(**name)
        assert answer["Payload"]["body"] == answer["ExecutedVersion"]
        reached[answer["ExecutedVersion"]] += 1
    # Fewer than 20 of 100 happen once in a billion runs.
    assert set(reached) == {"1", "2"}
    assert min(reached.values()) >= 20


def test_an_api_reaches_the_versions_of_its_alias(
    aws: Any, function: Function, alias: Live
) -> None:
    """A weight of 1 leads all requests to the additional version; the alias may move, and back."""
    api = aws.api(function)
    assert api.call("/").text == "1"
    alias.update(RoutingConfig=weights(v2=1.0))
    assert {api.call("/").text for _ in range(3)} == {"2"}
    for version in ("1", "2", "1"):
        alias.update(FunctionVersion=version, RoutingConfig={})
        assert api.call("/").text == version


def test_an_alias_of_latest_runs_the_unpublished_code(
    aws: Any, function: Function, alias: Live
) -> None:
    """Also behind an API."""
    assert alias.update(FunctionVersion="$LATEST")["FunctionVersion"] == "$LATEST"
    assert function.invoke(Qualifier="live")["ExecutedVersion"] == "$LATEST"
    assert aws.api(function).call("/").text == "$LATEST"


def test_an_alias_that_exists_is_not_created_again(aws: Any, function: Function) -> None:
    """The conflict names it."""
    alias = {"FunctionName": function.name, "Name": "live", "FunctionVersion": "1"}
    error = error_of(lambda: aws.client("lambda").create_alias(**alias))
    assert error.startswith("ResourceConflictException: Alias already exists: ")
    assert error.endswith(f":{function.name}:live")


@pytest.mark.parametrize(
    "form",
    [
        {"Qualifier": "1"},
        {"FunctionName": "{}:1"},
        {"FunctionName": "{}:live"},
        {"Qualifier": "2"},
    ],
    ids=str,
)
def test_no_version_that_an_alias_leads_to_is_deleted(
    aws: Any, function: Function, alias: Live, form: dict[str, str]
) -> None:
    """Neither the one it points to nor the one that has a weight; the error names the alias."""
    alias.update(RoutingConfig=weights(v2=0.1))
    delete = {"FunctionName": "{}", **form}
    delete = {key: value.format(function.name) for key, value in delete.items()}
    assert error_of(lambda: aws.client("lambda").delete_function(**delete)) == (
        "ResourceConflictException: Unable to delete version because the following aliases "
        "reference it: [live]"
    )
