"""Grant tables through Lake Formation, which then decides beside IAM who may query them."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lakeformation as lakeformation
from constructs import Construct

from infra.names import iam_arn


class TableGrants(Construct):
    """Lake Formation's settings of the account, and read grants on one table.

    Lake Formation asks the deploying role to be an administrator; new databases and tables of the whole account stop
    being open to everybody with IAM permissions. That is why a stage setting guards this construct.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        qualifier: str,
        database: str,
        table: str,
        readers: Sequence[iam.IRole],
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        deployer = iam_arn(self, f"role/cdk-{qualifier}-cfn-exec-role-{stack.account}-{stack.region}")
        principal = lakeformation.CfnDataLakeSettings.DataLakePrincipalProperty(data_lake_principal_identifier=deployer)
        settings = lakeformation.CfnDataLakeSettings(
            self,
            "Settings",
            admins=[principal],
            # Appends to the account's administrators instead of replacing them.
            mutation_type="APPEND",
            create_database_default_permissions=[],
            create_table_default_permissions=[],
        )
        resource = lakeformation.CfnPrincipalPermissions.ResourceProperty(
            table=lakeformation.CfnPrincipalPermissions.TableResourceProperty(
                catalog_id=stack.account, database_name=database, name=table
            )
        )
        for role in readers:
            grant = lakeformation.CfnPrincipalPermissions(
                self,
                f"{role.node.id}Reads",
                permissions=["SELECT", "DESCRIBE"],
                permissions_with_grant_option=[],
                principal=lakeformation.CfnPrincipalPermissions.DataLakePrincipalProperty(
                    data_lake_principal_identifier=role.role_arn
                ),
                resource=resource,
            )
            grant.add_resource_dependency(settings)
