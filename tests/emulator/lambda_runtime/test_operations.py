"""Lambda's operations on functions, versions and aliases, with boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import zipped


def test_update_function_code_changes_the_architecture(aws: Any) -> None:
    """The version published of it has the new one, the version before the old one."""
    name = aws.function(Architectures=["arm64"]).name
    client = aws.client("lambda")
    code = zipped("def lambda_handler(event, context): return 2")
    answer = client.update_function_code(
        FunctionName=name, ZipFile=code, Architectures=["x86_64"], Publish=True
    )
    assert answer["Architectures"] == ["x86_64"]
    for qualifier, processor in [("$LATEST", "x86_64"), ("2", "x86_64"), ("1", "arm64")]:
        seen = client.get_function_configuration(FunctionName=name, Qualifier=qualifier)
        assert seen["Architectures"] == [processor]


def _versions(aws: Any, name: str) -> list[str]:
    found = aws.client("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    return [each["Version"] for each in found]


def test_version_numbers_are_never_reused(aws: Any) -> None:
    """Not even by a function that is created again; each version can be deleted."""
    function = aws.function()
    client = aws.client("lambda")
    for answer in (2, 3):
        function.update(f"def lambda_handler(event, context): return {answer}")
    client.delete_function(FunctionName=function.name, Qualifier="2")
    assert function.update("def lambda_handler(event, context): return 4") == "4"
    assert _versions(aws, function.name) == ["$LATEST", "1", "3", "4"]
    assert client.publish_version(FunctionName=function.name)["Version"] == "4"
    assert function.invoke(Qualifier="3")["Payload"] == 3
    role = client.get_function_configuration(FunctionName=function.name)["Role"]
    client.delete_function(FunctionName=function.name)
    client.create_function(
        FunctionName=function.name,
        Runtime="python3.12",
        Role=role,
        Handler="handler.lambda_handler",
        Code={"ZipFile": zipped("")},
        Publish=True,
    )
    assert _versions(aws, function.name) == ["$LATEST", "5"]
    client.delete_function(FunctionName=function.name)


def test_the_latest_version_is_not_deleted_alone(aws: Any, function: Any) -> None:
    """$LATEST is deleted with the function."""
    with pytest.raises(ClientError, match="cannot be deleted without deleting the function"):
        aws.client("lambda").delete_function(FunctionName=function.name, Qualifier="$LATEST")


@pytest.mark.parametrize("form", ["{name}:live", "{arn}", "{arn}:1", "{arn}:live"])
def test_a_function_is_found_by_name_and_arn(aws: Any, function: Any, form: str) -> None:
    """Each with or without a qualifier."""
    arn = f"arn:aws:lambda:eu-west-3:123456789012:function:{function.name}"
    name = form.format(name=function.name, arn=arn)
    answer = aws.client("lambda").invoke(FunctionName=name)
    assert answer["ExecutedVersion"] == ("$LATEST" if name == arn else "1")


@pytest.mark.parametrize("kind", ["Event", "DryRun"])
def test_other_types_of_invocation_are_refused(function: Any, kind: str) -> None:
    """Only RequestResponse is emulated."""
    with pytest.raises(ClientError) as caught:
        function.invoke({}, InvocationType=kind)
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"] == f"lambda Invoke is not emulated: InvocationType '{kind}'"


def test_an_unknown_function_is_not_found(aws: Any) -> None:
    """Invoking what is not there is ResourceNotFoundException."""
    with pytest.raises(ClientError) as caught:
        aws.client("lambda").invoke(FunctionName="nothing")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
