"""What moto cannot answer, answered as AWS answers what it refuses: clients give up at once.

They take a 500 for something that passes, and Terraform asks again for many minutes.
"""

from __future__ import annotations

import logging

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

_log = logging.getLogger(__name__)

# moto's own, however often ours are put around it.
_call_action = BaseResponse.call_action


class NotEmulated(ServiceException):
    """An action, or some way of using it, that the embedded AWS does not have."""

    code = "NotImplemented"
    message = "{service} {action} is not emulated: {reason}"


class UnknownRegion(ServiceException):
    """A request signed for a region that the service does not have."""

    code = "InvalidRegion"
    message = "{service} has no region '{region}'"


def install() -> None:
    """Have every service of moto answer what it lacks."""
    BaseResponse.call_action = _answer  # type: ignore[assignment, method-assign]


def _answer(response: BaseResponse) -> TYPE_RESPONSE:
    refusal: ServiceException
    service = str(response.boto3_service_name)
    try:
        return _call_action(response)
    except NotImplementedError as error:
        refusal = NotEmulated(action=response._get_action(), service=service, reason=error)
    except KeyError as error:
        # moto looks up the part of a service that is in the region.
        if error.args != (response.region,):
            raise
        refusal = UnknownRegion(service=service, region=response.region)
    _log.info("%s", refusal)
    return response.serialized(ActionResult(refusal))
