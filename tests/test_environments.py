"""The names of an environment that only depend on it and on its region."""

from __future__ import annotations

import pytest

from tasktracker_ops.environments import Environment


@pytest.mark.parametrize(
    ("environment", "region", "expected"),
    [
        ("default", "eu-west-3", ["f-boundary"]),
        ("default", "us-east-1", ["f-boundary-us-east-1", "f-boundary"]),
        ("staging", "eu-west-3", ["f-staging-boundary-eu-west-3", "f-staging-boundary"]),
        ("pr-7", "eu-west-3", ["f-previewer-boundary"]),
        ("pr-7", "us-east-1", ["f-previewer-boundary-us-east-1"]),
    ],
)
def test_boundary_is_of_the_environment_or_of_all_previews(
    environment: str, region: str, expected: list[str]
) -> None:
    """Outside of eu-west-3 its name holds the region, and one from before that is found too."""
    found = Environment(environment)
    assert list(found.boundaries(f"f{found.suffix}", region)) == expected
