"""CloudTrail trails."""

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import Call, Existing, Made, Properties, ResourceType

_RENAMED = {"TrailName": "Name", "KMSKeyId": "KmsKeyId", "Tags": "TagsList"}
_APART = frozenset(
    {"IsLogging", "EventSelectors", "InsightSelectors", "AdvancedEventSelectors", "AggregationConfigurations"}
)


class _Trail(ApiType):
    """A trail: logging and selectors are calls of their own."""

    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        self._settle(call, made.physical_id, properties)
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        made = super().update(call, existing, properties)
        self._settle(call, made.physical_id, properties)
        return made

    @staticmethod
    def _settle(call: Call, name: str, properties: Properties) -> None:
        client = call.client("cloudtrail")
        selectors = {key: properties[key] for key in ("EventSelectors", "AdvancedEventSelectors") if key in properties}
        if selectors:
            client.put_event_selectors(TrailName=name, **selectors)
        if "InsightSelectors" in properties:
            client.put_insight_selectors(TrailName=name, InsightSelectors=properties["InsightSelectors"])
        (client.start_logging if properties["IsLogging"] else client.stop_logging)(Name=name)


TYPES: list[ResourceType] = [
    _Trail(
        name="AWS::CloudTrail::Trail",
        service="cloudtrail",
        create_call="CreateTrail",
        update_call="UpdateTrail",
        delete_call="DeleteTrail",
        ref="{Name}",
        attributes={"Arn": "{TrailARN}"},
        identity={"Name": "{Name}"},
        name_property="TrailName",
        dropped=_APART,
        request=lambda _, properties: {_RENAMED.get(name, name): item for name, item in properties.items()},
        tagging=Tagging("AddTags", "RemoveTags", arn="ResourceId", value="{Arn}", tags="TagsList", keys="TagsList"),
    ),
]
