"""The regions of AWS that the installed botocore lists."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# As Terraform's variable `aws_region` validates.
REGION_CODE = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


@cache
def region_names() -> dict[str, str]:
    """Return the names of the regions of all partitions by their codes.

    There are none if botocore's list is elsewhere. Reading the file takes under a millisecond,
    importing botocore a quarter of a second.
    """
    package = find_spec("botocore")
    if package is None or package.origin is None:
        return {}
    file = Path(package.origin).parent / "data" / "partitions.json"
    with suppress(FileNotFoundError):
        return {
            code: region.get("description", "")
            for partition in json.loads(file.read_text(encoding="utf-8"))["partitions"]
            for code, region in partition["regions"].items()
            if REGION_CODE.fullmatch(code)
        }
    return {}


def nearest_region(text: str) -> str | None:
    """Return the known region that is most similar to `text`, None if none is."""
    from difflib import get_close_matches

    text = text.strip().lower()
    similar = get_close_matches(text, sorted(region_names()))
    # Of two that are equally similar, one with swapped letters: us-esat-1 is us-east-1.
    return max(similar, key=lambda region: sorted(region) == sorted(text), default=None)
