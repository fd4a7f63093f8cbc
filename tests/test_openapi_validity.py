"""The OpenAPI description is a valid one; apart, since the validator is of the extra `soak`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

SOURCE = Path(__file__).parents[1] / "docs" / "openapi.yaml"


@pytest.mark.soak
def test_it_is_valid() -> None:
    """It is a document of OpenAPI 3.1."""
    from openapi_spec_validator import validate

    document: dict[str, Any] = yaml.safe_load(SOURCE.read_text("utf-8"))
    validate(document)
    assert document["openapi"].startswith("3.1.")
