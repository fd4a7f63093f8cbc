"""Hypothesis with the settings of these tests, which it fixes when a property is declared.

A property has all the time it needs, and half of the usual number of examples.
"""

from __future__ import annotations

from hypothesis import HealthCheck as HealthCheck
from hypothesis import example as example
from hypothesis import given as given
from hypothesis import settings as settings

settings.register_profile(
    "tests", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")
