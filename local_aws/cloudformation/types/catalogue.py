"""The data catalogue: Glue, Athena and Lake Formation."""

from botocore.exceptions import ClientError

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import Call, Existing, Made, Properties, ResourceType
from local_aws.cloudformation.typed import request


def _named(properties: Properties, member: str, call: Call) -> Properties:
    given = properties[member]
    return {**properties, member: {"Name": call.generated_name().lower(), **given}}


def _grant(_: Call, properties: Properties) -> Properties:
    names = {"Catalog": "CatalogId"}
    return {names.get(name, name): item for name, item in properties.items()}


def _settings(_: Call, properties: Properties) -> Properties:
    names = {"Admins": "DataLakeAdmins", "MutationType": None}
    settings = {names.get(name, name): item for name, item in properties.items()}
    settings.pop(None, None)
    catalog = settings.pop("CatalogId", None)
    return {"DataLakeSettings": settings, **({"CatalogId": catalog} if catalog else {})}


def _workgroup(_: Call, properties: Properties) -> Properties:
    names = {"WorkGroupConfiguration": "Configuration"}
    return {names.get(name, name): item for name, item in properties.items()}


def _workgroup_update(_: Call, properties: Properties) -> Properties:
    """Return the request of an update, which names what it changes differently."""
    rest = {name: item for name, item in properties.items() if name != "WorkGroupConfiguration"}
    names = {"ResultConfiguration": "ResultConfigurationUpdates"}
    configuration = properties.get("WorkGroupConfiguration", {})
    return {**rest, "ConfigurationUpdates": {names.get(name, name): item for name, item in configuration.items()}}


class _Grant(ApiType):
    """A grant: revoking takes what granting took."""

    def delete(self, call: Call, existing: Existing) -> None:
        members = request("lakeformation", "RevokePermissions", _grant(call, existing.properties))
        try:
            call.client("lakeformation").revoke_permissions(**members)
        except ClientError as err:
            if err.response["Error"]["Code"] not in {"EntityNotFoundException", "InvalidInputException"}:
                raise


class _Settings(ApiType):
    """The settings of an account's data lake: they are never gone, only empty."""

    def delete(self, call: Call, existing: Existing) -> None:
        del existing
        call.client("lakeformation").put_data_lake_settings(DataLakeSettings={"DataLakeAdmins": []})


class _Database(ApiType):
    def create(self, call: Call, properties: Properties) -> Made:
        return super().create(call, _named(properties, "DatabaseInput", call))

    def replaces(self, changed: set[str]) -> bool:
        return "CatalogId" in changed


TYPES: list[ResourceType] = [
    _Database(
        name="AWS::Glue::Database",
        service="glue",
        create_call="CreateDatabase",
        update_call="UpdateDatabase",
        delete_call="DeleteDatabase",
        ref="{DatabaseInput[Name]}",
        identity={"Name": "{DatabaseInput[Name]}"},
        dropped=frozenset({"DatabaseName"}),
        has_tags=False,
    ),
    ApiType(
        name="AWS::Glue::Table",
        service="glue",
        create_call="CreateTable",
        update_call="UpdateTable",
        delete_call="DeleteTable",
        ref="{TableInput[Name]}",
        identity={"Name": "{TableInput[Name]}", "DatabaseName": "{DatabaseName}"},
        fixed=frozenset({"CatalogId", "DatabaseName"}),
        has_tags=False,
    ),
    ApiType(
        name="AWS::Athena::WorkGroup",
        service="athena",
        create_call="CreateWorkGroup",
        update_call="UpdateWorkGroup",
        delete_call="DeleteWorkGroup",
        ref="{Name}",
        identity={"WorkGroup": "{Name}"},
        name_property="Name",
        dropped=frozenset({"RecursiveDeleteOption", "State"}),
        request=_workgroup,
        update_request=_workgroup_update,
        tagging=Tagging(
            "TagResource",
            "UntagResource",
            arn="ResourceARN",
            value="arn:aws:athena:{region}:{account}:workgroup/{Ref}",
        ),
        delete_more={"RecursiveDeleteOption": True},
    ),
    ApiType(
        name="AWS::Athena::NamedQuery",
        service="athena",
        create_call="CreateNamedQuery",
        delete_call="DeleteNamedQuery",
        ref="{NamedQueryId}",
        attributes={"NamedQueryId": "{NamedQueryId}"},
        identity={"NamedQueryId": "{NamedQueryId}"},
        has_tags=False,
    ),
    _Grant(
        name="AWS::LakeFormation::PrincipalPermissions",
        service="lakeformation",
        create_call="GrantPermissions",
        ref="{stack}-{Principal[DataLakePrincipalIdentifier]}",
        attributes={"PrincipalIdentifier": "{Principal[DataLakePrincipalIdentifier]}"},
        request=_grant,
        has_tags=False,
    ),
    _Settings(
        name="AWS::LakeFormation::DataLakeSettings",
        service="lakeformation",
        create_call="PutDataLakeSettings",
        update_call="PutDataLakeSettings",
        ref="{account}",
        request=_settings,
        has_tags=False,
    ),
    ApiType(
        name="AWS::LakeFormation::Resource",
        service="lakeformation",
        create_call="RegisterResource",
        delete_call="DeregisterResource",
        ref="{ResourceArn}",
        identity={"ResourceArn": "{ResourceArn}"},
        has_tags=False,
    ),
]
