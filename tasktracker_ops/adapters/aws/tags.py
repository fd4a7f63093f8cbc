"""The tags of resources, which of them are ours, and how to tag one that should be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from tasktracker_ops.environments import PROJECT_TAGS, Environment
from tasktracker_ops.errors import ConfigurationError, TtOpsError

from .session import AwsNotFound, AwsSession, aws_errors

Tags = Mapping[str, str]


class ResourceTags:
    """Reads the tags of resources by their ARNs; ours are those of `environment`."""

    def __init__(self, session: AwsSession, environment: Environment) -> None:
        self._session = session
        self._environment = environment

    def of(self, arn: str) -> Tags:
        """Return the tags that its own service gives a resource. Raises AwsNotFound without it.

        CloudWatch and CloudWatch Logs return no tags for what does not exist.
        """
        service = arn.split(":")[2]
        with aws_errors(f"reading the tags of {arn!r}"):
            return _READERS[service](self._session.client(service), arn)

    def require_ours(self, kind: str, name: str, arn: str, tags: Tags | None = None) -> str:
        """Return why a resource is ours. Raises TtOpsError `foreign-resource` otherwise.

        `tags` are those of the resource where they have been read.
        """
        found, expected = self.of(arn) if tags is None else tags, self._environment.tags
        if self._environment.owns(found):
            return "it has our name and our tags"
        others = [key for key in expected if key in found and found[key] != expected[key]]
        reason = f"its tag {others[0]} is {found[others[0]]!r}" if others else "it lacks our tags"
        command = _TAG_COMMANDS[arn.split(":")[2]].format(
            arn=arn,
            name=name,
            pairs=" ".join(f"Key={key},Value={value}" for key, value in expected.items()),
            map=",".join(f"{key}={value}" for key, value in expected.items()),
        )
        hint = f"if it belongs to this deployment, tag it: aws {command}"
        raise foreign_resource(kind, name, reason, hint)

    def find_ours(self) -> tuple[str, ...]:
        """Return the ARNs that the tagging API lists with the tags of this environment.

        It lists a deleted resource for some minutes, a new one after some seconds, and neither
        roles nor dashboards.
        https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
        """
        found = self._find(self._environment.tags)
        # The default's resources have no tag that others lack, which the API could filter by.
        return tuple(arn for arn, tags in found.items() if self._environment.owns(tags))

    def find_all(self) -> Mapping[str, Tags]:
        """Return the tags of the resources of all environments by their ARNs, as `find_ours`."""
        return self._find(PROJECT_TAGS)

    def _find(self, tags: Tags) -> dict[str, Tags]:
        filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
        pages = self._session.client("resourcegroupstaggingapi").get_paginator("get_resources")
        with aws_errors("looking for resources by tag"):
            return {
                each["ResourceARN"]: _pairs(each["Tags"])
                for page in pages.paginate(TagFilters=filters)
                for each in page["ResourceTagMappingList"]
            }

    @property
    def services(self) -> Collection[str]:
        """Return the services whose tags can be read."""
        return _READERS.keys()

    def exists(self, arn: str) -> bool:
        """Return whether its own service knows the resource, and as one of this environment.

        The tagging API lists what was deleted for some minutes. True where that may not be read.
        """
        try:
            return self._environment.owns(self.of(arn))
        except AwsNotFound:
            return False
        except ConfigurationError as error:
            if error.code != "aws-access-denied":
                raise
            return True


def foreign_resource(kind: str, name: str, reason: str, hint: str) -> TtOpsError:
    """Return the error of a resource that has the name of one of ours, and is not."""
    return TtOpsError(
        "foreign-resource",
        f"the {kind} {name!r} exists already and is not ours: {reason}",
        hint=hint,
    )


def _pairs(tags: list[dict[str, str]]) -> Tags:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _parameter_tags(client: Any, arn: str) -> Tags:
    name = arn.partition(":parameter")[2]
    answer = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
    return _pairs(answer["TagList"])


_READERS: Mapping[str, Callable[[Any, str], Tags]] = {
    "cloudwatch": lambda c, arn: _pairs(c.list_tags_for_resource(ResourceARN=arn)["Tags"]),
    "dynamodb": lambda c, arn: _pairs(c.list_tags_of_resource(ResourceArn=arn)["Tags"]),
    "lambda": lambda c, arn: c.list_tags(Resource=arn)["Tags"],
    "logs": lambda c, arn: c.list_tags_for_resource(resourceArn=arn)["tags"],
    "sns": lambda c, arn: _pairs(c.list_tags_for_resource(ResourceArn=arn)["Tags"]),
    "ssm": _parameter_tags,
}
# How the AWS CLI takes tags, by service: as pairs, or as a map.
_TAG_COMMANDS = {
    "cloudwatch": "cloudwatch tag-resource --resource-arn {arn} --tags {pairs}",
    "dynamodb": "dynamodb tag-resource --resource-arn {arn} --tags {pairs}",
    "iam": "iam tag-role --role-name {name} --tags {pairs}",
    "lambda": "lambda tag-resource --resource {arn} --tags {map}",
    "logs": "logs tag-resource --resource-arn {arn} --tags {map}",
    "sns": "sns tag-resource --resource-arn {arn} --tags {pairs}",
    "ssm": "ssm add-tags-to-resource --resource-type Parameter --resource-id {name} --tags {pairs}",
}
