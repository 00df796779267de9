"""Pin what must never be replaced: CloudFormation deletes the old resource, and its data, after making the new one."""

from infra.checks.assembly import Assembly

STATEFUL_TYPES = (
    "AWS::EFS::FileSystem",
    "AWS::FSx::FileSystem",
    "AWS::Glue::Database",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SageMaker::ModelPackageGroup",
)

# What a change of these properties means for the resource: replacement (CloudFormation's "createOnlyProperties").
_REPLACING = {
    "AWS::EFS::FileSystem": ("Encrypted", "KmsKeyId", "PerformanceMode"),
    "AWS::FSx::FileSystem": ("FileSystemType", "KmsKeyId", "SubnetIds", "SecurityGroupIds"),
    "AWS::Glue::Database": ("CatalogId", "DatabaseName"),
    "AWS::KMS::Key": ("KeySpec", "KeyUsage", "MultiRegion"),
    "AWS::S3::Bucket": ("BucketName", "ObjectLockEnabled"),
    "AWS::SageMaker::ModelPackageGroup": ("ModelPackageGroupName", "ModelPackageGroupDescription"),
}

Pins = dict[str, dict[str, object]]


def pins(assembly: Assembly) -> Pins:
    """Return each stateful resource's address with its type and the properties whose change would replace it."""
    return {
        resource.address: {
            "type": resource.type,
            **{name: resource.properties[name] for name in _REPLACING[resource.type] if name in resource.properties},
        }
        for resource in assembly.resources(*STATEFUL_TYPES)
    }


def replacements(pinned: Pins, now: Pins) -> list[str]:
    """Return what would happen to pinned resources, each sentence beginning with the resource's address."""
    found = []
    for address, before in sorted(pinned.items()):
        after = now.get(address)
        if after is None:
            found.append(f"{address} would be deleted: its logical id or stack is gone")
        elif after != before:
            changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
            found.append(f"{address} would be replaced: {', '.join(changed)} changed")
    return found
