"""ECR repositories."""

import json

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import Call, Existing, Made, Properties, ResourceType, changed_properties

_APART = frozenset({"LifecyclePolicy", "RepositoryPolicyText", "EmptyOnDelete"})


class _Repository(ApiType):
    """A repository: its policies are calls of their own."""

    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        self._settle(call, made.physical_id, {}, properties)
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        made = super().update(call, existing, properties)
        self._settle(call, made.physical_id, existing.properties, properties)
        return made

    @staticmethod
    def _settle(call: Call, name: str, old: Properties, new: Properties) -> None:
        client, changed = call.client("ecr"), changed_properties(old, new)
        if "LifecyclePolicy" in changed and "LifecyclePolicy" in new:
            text = new["LifecyclePolicy"]["LifecyclePolicyText"]
            client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
        if "RepositoryPolicyText" in changed and "RepositoryPolicyText" in new:
            client.set_repository_policy(repositoryName=name, policyText=json.dumps(new["RepositoryPolicyText"]))


TYPES: list[ResourceType] = [
    _Repository(
        name="AWS::ECR::Repository",
        service="ecr",
        create_call="CreateRepository",
        update_call="PutImageTagMutability",
        delete_call="DeleteRepository",
        ref="{repositoryName}",
        attributes={"Arn": "{repositoryArn}", "RepositoryUri": "{repositoryUri}"},
        identity={"repositoryName": "{repositoryName}"},
        name_property="RepositoryName",
        fixed=frozenset({"EncryptionConfiguration"}),
        dropped=_APART,
        handled=frozenset({"ImageScanningConfiguration"}),
        tagging=Tagging("TagResource", "UntagResource", arn="resourceArn"),
        delete_more={"force": True},
    ),
]
