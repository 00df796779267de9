"""File systems: EFS and FSx."""

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import Call, Properties, ResourceType

_EFS_APART = frozenset(
    {"LifecyclePolicies", "BackupPolicy", "FileSystemPolicy", "BypassPolicyLockoutSafetyCheck", "FileSystemProtection"}
)


def _file_system(call: Call, properties: Properties) -> Properties:
    rest = {name: item for name, item in properties.items() if name != "FileSystemTags"}
    return {**rest, "CreationToken": call.generated_name(64), "Tags": properties.get("FileSystemTags", [])}


def _access_point(call: Call, properties: Properties) -> Properties:
    rest = {name: item for name, item in properties.items() if name != "AccessPointTags"}
    return {"ClientToken": call.generated_name(64), **rest, "Tags": properties.get("AccessPointTags", [])}


TYPES: list[ResourceType] = [
    ApiType(
        name="AWS::EFS::FileSystem",
        service="efs",
        create_call="CreateFileSystem",
        delete_call="DeleteFileSystem",
        ref="{FileSystemId}",
        attributes={"Arn": "{FileSystemArn}", "FileSystemId": "{FileSystemId}"},
        identity={"FileSystemId": "{FileSystemId}"},
        dropped=_EFS_APART,
        request=_file_system,
        has_tags=False,
    ),
    ApiType(
        name="AWS::EFS::MountTarget",
        service="efs",
        create_call="CreateMountTarget",
        delete_call="DeleteMountTarget",
        ref="{MountTargetId}",
        attributes={"Id": "{MountTargetId}", "IpAddress": "{IpAddress}"},
        identity={"MountTargetId": "{MountTargetId}"},
        has_tags=False,
    ),
    ApiType(
        name="AWS::EFS::AccessPoint",
        service="efs",
        create_call="CreateAccessPoint",
        delete_call="DeleteAccessPoint",
        ref="{AccessPointId}",
        attributes={"Arn": "{AccessPointArn}", "AccessPointId": "{AccessPointId}"},
        identity={"AccessPointId": "{AccessPointId}"},
        request=_access_point,
        has_tags=False,
    ),
    ApiType(
        name="AWS::FSx::FileSystem",
        service="fsx",
        create_call="CreateFileSystem",
        delete_call="DeleteFileSystem",
        ref="{FileSystem[FileSystemId]}",
        attributes={
            "DNSName": "{FileSystem[FileSystemId]}.fsx.{region}.amazonaws.com",
            "LustreMountName": "fsx",
            "ResourceARN": "{FileSystem[ResourceARN]}",
        },
        identity={"FileSystemId": "{FileSystem[FileSystemId]}"},
        tagging=Tagging("TagResource", "UntagResource", arn="ResourceARN", value="{ResourceARN}"),
    ),
]
