"""S3's conditional writes, one at a time: moto checks a condition and writes in two steps."""

from __future__ import annotations

import threading
from typing import Any

from moto.s3.responses import S3Response

# moto's own methods: `patches.py` replaces them.
_moto_put_object = S3Response.put_object
_moto_delete_object = S3Response.delete_object
_one_write = threading.Lock()


def put_object(response: S3Response) -> Any:
    """Write an object, unless its condition fails."""
    with _one_write:
        return _moto_put_object(response)


def delete_object(response: S3Response) -> Any:
    """Delete an object, unless its condition fails."""
    with _one_write:
        return _moto_delete_object(response)
