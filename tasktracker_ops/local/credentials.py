"""The emulator's only credentials: fixed, public, and valid nowhere else."""

from __future__ import annotations

ACCOUNT_ID = "123456789012"
ACCESS_KEY_ID = "tt-ops-local"
SECRET_ACCESS_KEY = "tt-ops-local-not-a-secret"  # nosec B105 # grants nothing beyond loopback
