"""Aliases: which versions one leads to, and with what weights.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaAlias, LambdaStorage

from .errors import InvalidInput

LATEST = "$LATEST"
_MEMBER = "routingConfig.additionalVersionWeights"
# The constraints in the words of the service.
_KEYS = (
    "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, "
    "Member must have length greater than or equal to 1, "
    "Member must satisfy regular expression pattern: [0-9]+, Member must not be null]"
)
_VALUES = (
    "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
    "Member must have value greater than or equal to 0.0, Member must not be null]"
)


def weights(routing_config: Any) -> dict[str, float]:
    """Return the additional versions of a RoutingConfig with their weights, from 0 to 1."""
    return dict((routing_config or {}).get("AdditionalVersionWeights") or {})


def routing(weights: Mapping[str, float]) -> Any:
    """Return a RoutingConfig as moto keeps it: empty where there are no weights."""
    return {"AdditionalVersionWeights": weights} if weights else {}


def versions(alias: LambdaAlias) -> set[str]:
    """Return every version that an alias leads to."""
    return {alias.function_version, *weights(alias.routing_config)}


def choose_version(alias: LambdaAlias) -> str:
    """Return the version that the next invocation through the alias reaches, by weight."""
    for version, weight in weights(alias.routing_config).items():
        if random.random() < weight:  # nosec B311 # no secret
            return version
    return str(alias.function_version)


def require_valid_routing(
    storage: LambdaStorage, name: str, version: str, weights: Mapping[str, float]
) -> None:
    """Refuse versions that do not exist, and weights that Lambda does not accept.

    `version` is the one that the alias points to, `weights` are those of the others.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_AliasRoutingConfiguration.html
    """
    for other, weight in weights.items():
        value = f"{{{other}={float(weight)}}}"
        if re.fullmatch("[0-9]+", other) is None:
            raise InvalidInput(value, _MEMBER, _KEYS)
        if not 0 <= weight <= 1:
            raise InvalidInput(value, _MEMBER, _VALUES)
    if len(weights) > 1:
        raise InvalidParameterValueException(
            "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
    if weights and version == LATEST:
        raise InvalidParameterValueException(
            f"{LATEST} is not supported for an alias pointing to more than 1 version"
        )
    if version in weights:
        raise InvalidParameterValueException(
            f"Invalid function version {version}. "
            f"Function version {version} is already included in routing configuration."
        )
    for each in (version, *weights):
        storage.get_function_by_name_or_arn_with_qualifier(name, each)
