"""Types that stand for nothing in an account, and types that the local AWS can only record."""

from dataclasses import dataclass, field

from local_aws.cloudformation.resource import Call, Existing, Made, Properties, ResourceType


@dataclass(frozen=True)
class _Recorded:
    """A type without an API in the local AWS: the stack keeps its properties, its events say so."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    name_property: str = ""
    has_tags: bool = False
    notice: str = "Recorded in the stack only: the local AWS has no API for it."

    def replaces(self, changed: set[str]) -> bool:
        return bool(self.name_property) and self.name_property in changed

    def create(self, call: Call, properties: Properties) -> Made:
        name = properties.get(self.name_property) or call.generated_name()
        known = {**call.names(), "name": name}
        return Made(name, {key: text.format_map(known) for key, text in self.attributes.items()}, {}, self.notice)

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        del call, properties
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        del call, existing


TYPES: list[ResourceType] = [
    _Recorded("AWS::CDK::Metadata", notice=""),
    _Recorded("AWS::CloudFormation::WaitConditionHandle", notice=""),
    _Recorded(
        "AWS::FSx::DataRepositoryAssociation",
        {"AssociationId": "{name}", "ResourceARN": "arn:aws:fsx:{region}:{account}:association/{name}"},
    ),
]
