"""Parameters, of moto's Systems Manager."""

from __future__ import annotations

import sys

from .aws import Aws


def test_parameters_are_kept_without_ec2(in_process_aws: Aws) -> None:
    """Nothing imports EC2, which takes longer than the emulator to start."""
    client = in_process_aws.client("ssm")
    client.put_parameter(Name="/any", Value="kept", Type="String")
    assert client.get_parameter(Name="/any")["Parameter"]["Value"] == "kept"
    assert "moto.ec2" not in sys.modules
