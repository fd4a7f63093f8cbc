"""botocore's loader of the models of AWS's services, made faster.

With botocore's own, reading models is most of what a short command waits for.
"""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


class _ModelLoader(Loader):  # type: ignore[misc]  # botocore has no types
    """Loads the models of services without reading the folders of all others."""

    _loading = threading.Lock()

    def load_service_model(self, *arguments: Any, **options: Any) -> Any:
        """Load a model, in one thread at a time, since extras are merged into what was read."""
        with self._loading:
            return super().load_service_model(*arguments, **options)

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that have a folder; loading shows what is in it."""
        folders = filter(os.path.isdir, self.search_paths)
        return [name for folder in folders for name in os.listdir(folder)]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Return the content of a file and its path; in the place of `endpoints`, a short list.

        Each service has rules of its own that make its addresses. The older list of all services
        is 1.2 MB long, takes a tenth of a short command, and is still read for the partition.
        """
        if name != "endpoints":
            content: tuple[Any, str] = super().load_data_with_path(name)
            return content
        partitions, path = super().load_data_with_path("partitions")
        return {"version": 3, "partitions": list(map(_endpoints, partitions["partitions"]))}, path


class _FileLoader(JSONFileLoader):  # type: ignore[misc]
    """Reads models into plain dictionaries, which keep their order too, in a third of the time."""

    def load_file(self, file_path: str) -> Any:
        """Return the content of a model; None where there is none."""
        if os.path.isfile(f"{file_path}.json"):
            return json.loads(Path(f"{file_path}.json").read_bytes())
        if os.path.isfile(f"{file_path}.json.gz"):
            return json.loads(gzip.decompress(Path(f"{file_path}.json.gz").read_bytes()))
        return None


# Its own signature, and the address that us-east-1 has beside that of a region.
_S3 = {
    "defaults": {"signatureVersions": ["s3v4"]},
    "partitionEndpoint": "aws-global",
    "endpoints": {
        "aws-global": {
            "hostname": "s3.amazonaws.com",
            "credentialScope": {"region": "us-east-1"},
        }
    },
}


def _endpoints(partition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a partition as botocore's list of endpoints has it, without its services."""
    outputs = partition["outputs"]
    plain, dual = outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]
    variants = (
        ("-fips", plain, ["fips"]),
        ("", dual, ["dualstack"]),
        ("-fips", dual, ["dualstack", "fips"]),
    )
    return {
        "partition": partition["id"],
        "partitionName": partition["id"],
        "dnsSuffix": plain,
        "regionRegex": partition["regionRegex"],
        "regions": partition["regions"],
        "services": {"s3": _S3},
        "defaults": {
            "hostname": "{service}.{region}.{dnsSuffix}",
            "protocols": ["https"],
            "signatureVersions": ["v4"],
            "variants": [
                {
                    "hostname": f"{{service}}{ending}.{{region}}.{{dnsSuffix}}",
                    "dnsSuffix": suffix,
                    "tags": tags,
                }
                for ending, suffix, tags in variants
            ],
        },
    }


@cache
def model_loader(paths: tuple[str, ...]) -> Loader:
    """Return the loader of every session, since a model takes longer to read than to use."""
    return _ModelLoader(paths, file_loader=_FileLoader(), include_default_search_paths=False)
