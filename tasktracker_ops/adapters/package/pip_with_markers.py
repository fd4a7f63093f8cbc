"""Run pip with the environment markers of another machine: `pip_with_markers.py MARKERS …`.

pip picks wheels for --platform and --python-version, but compares markers, such as
`python_version < "3.12"`, with the interpreter that runs it.
Source: https://github.com/pypa/pip/issues/11664
"""

from __future__ import annotations

import json
import sys

from pip._internal.cli.main import main
from pip._vendor.packaging import markers

if __name__ == "__main__":
    values = json.loads(sys.argv.pop(1))
    markers.default_environment = values.copy
    sys.exit(main())
