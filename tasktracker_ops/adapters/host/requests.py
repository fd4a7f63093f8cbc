"""The library requests, without the packages that it imports where they are installed.

To guess the encoding of a text (all that we read have one), it imports a package that takes a
twentieth of the processor time of a `tt-ops tasks list`; and a second parser of JSON.
"""

from __future__ import annotations

import sys
import warnings

_LEFT_OUT = [
    name for name in ("chardet", "charset_normalizer", "simplejson") if name not in sys.modules
]
# With None there, an import fails as if the package were not installed.
sys.modules.update(dict.fromkeys(_LEFT_OUT))  # type: ignore[arg-type]
warnings.filterwarnings("ignore", "Unable to find acceptable character detection")
try:
    import requests as requests
finally:
    for _name in _LEFT_OUT:
        del sys.modules[_name]
