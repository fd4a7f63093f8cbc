"""Code of functions: where it comes from, and when it makes a version."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.emulator.alarms_and_metrics import error_of
from tests.emulator.aws import REGION, Function, zipped

from .released import NEW, OLD
from .released import client as client
from .released import function as function

WAITS = """
import pathlib, time

def lambda_handler(event, context):
    pathlib.Path(event["started"]).touch()
    while not pathlib.Path(event["end"]).exists():
        time.sleep(0.01)
    return "ended"
"""


def test_the_code_of_each_version_can_be_downloaded(client: Any, function: Function) -> None:
    """GetFunction names an address of the emulator, which has the very zip."""
    function.update(NEW)
    for qualifier, source in (("1", OLD), ("live", OLD), ("$LATEST", NEW)):
        answer = client.get_function(FunctionName=function.name, Qualifier=qualifier)
        content = requests.get(answer["Code"]["Location"], timeout=10).content
        assert content == zipped(source)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert digest == answer["Configuration"]["CodeSha256"]
    location = answer["Code"]["Location"]
    for missing in (f"{location}9", f"{location}/more", location.replace(REGION, "nowhere")):
        assert requests.get(missing, timeout=10).status_code == 404


def test_code_comes_from_a_bucket(in_process_aws: Any, client: Any, function: Function) -> None:
    """An object that does not exist is named by S3's own error, and changes nothing."""
    s3 = in_process_aws.client("s3")
    location = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=function.name, CreateBucketConfiguration=location)
    s3.put_object(Bucket=function.name, Key="code.zip", Body=zipped(NEW))
    name = {"FunctionName": function.name, "S3Bucket": function.name}
    for missing, code in (
        ({"S3Key": "no"}, "NoSuchKey"),
        ({"S3Bucket": "nowhere"}, "NoSuchBucket"),
    ):
        request = {**name, "S3Key": "code.zip", **missing}
        error = error_of(lambda request=request: client.update_function_code(**request))
        assert error.startswith("InvalidParameterValueException: Error occurred while GetObject.")
        assert code in error
    client.update_function_code(**name, S3Key="code.zip")
    function.wait()
    assert function.invoke({})["Payload"] == "new"
    assert function.invoke({}, Qualifier="1")["Payload"] == "old"


@pytest.mark.parametrize(("option", "value"), [("DryRun", True), ("S3ObjectVersion", "1")])
def test_options_that_are_not_emulated_change_nothing(
    client: Any, function: Function, option: str, value: Any
) -> None:
    """The error names them."""
    request = {"FunctionName": function.name, "ZipFile": zipped(NEW), option: value}
    error = error_of(lambda: client.update_function_code(**request))
    assert error == f"NotImplemented: lambda UpdateFunctionCode is not emulated: {option}"
    assert function.invoke({})["Payload"] == "old"


def test_the_same_code_makes_no_new_version(client: Any, function: Function) -> None:
    """Nor does it after other code that was never published; a change of configuration does."""
    name = {"FunctionName": function.name}
    for source in (NEW, OLD):
        client.update_function_code(**name, ZipFile=zipped(source))
        function.wait()
    assert client.publish_version(**name, Description="ignored")["Version"] == "1"
    assert function.update(OLD) == "1"
    client.update_function_configuration(**name, MemorySize=512)
    function.wait()
    assert client.publish_version(**name, Description="more memory")["Version"] == "2"
    first, second = client.list_versions_by_function(**name)["Versions"][1:]
    assert (first["Description"], first["MemorySize"]) == ("", 256)
    assert (second["Description"], second["MemorySize"]) == ("more memory", 512)


def test_a_version_that_is_deleted_while_it_runs_ends_normally(
    in_process_aws: Any,
    client: Any,
    tmp_path: Path,
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    """The next invocation does not find it."""
    function = in_process_aws.function(WAITS)
    assert function.update(NEW) == "2"
    name = {"FunctionName": function.name}
    client.update_alias(**name, Name="live", FunctionVersion="2")
    started, end = tmp_path / "started", tmp_path / "end"
    with ThreadPoolExecutor(1) as pool:
        files = {"started": str(started), "end": str(end)}
        running = pool.submit(function.invoke, files, Qualifier="1")
        eventually(started.exists)
        client.delete_function(**name, Qualifier="1")
        versions = client.list_versions_by_function(**name)["Versions"]
        assert [each["Version"] for each in versions] == ["$LATEST", "2"]
        end.touch()
        answer = running.result()
    assert (answer["Payload"], answer["ExecutedVersion"]) == ("ended", "1")
    error = error_of(lambda: function.invoke(files, Qualifier="1"))
    assert error.startswith("ResourceNotFoundException: ")
