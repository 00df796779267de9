"""Resource types: what a template says is what the APIs show, after creation, update and deletion."""

import json

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def of(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def statement(**fields):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **fields}]}


def definition(text):
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": text}}
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": [step]})


def test_a_pipeline_is_the_one_that_sagemaker_runs(deploy, resources, client, stack_name, local_aws):
    def pipeline(text):
        return of(
            "SageMaker::Pipeline",
            PipelineName=stack_name,
            PipelineDefinition={"PipelineDefinitionBody": definition(text)},
            RoleArn={"Fn::GetAtt": ["Job", "Arn"]},
        )

    deploy({"Job": ROLE, "Pipeline": pipeline("first")})
    deploy({"Job": ROLE, "Pipeline": pipeline("second")})

    assert resources()["Pipeline"] == stack_name
    sagemaker = client("sagemaker")
    arn = sagemaker.start_pipeline_execution(PipelineName=stack_name)["PipelineExecutionArn"]
    key = local_aws.plane.store
    found = next(item for item in key.keys() if item.name == arn and item.kind == "pipeline-execution")  # noqa: SIM118
    ended = key.wait(found, lambda record: record["PipelineExecutionStatus"] == "Failed", timeout=20)
    assert "second" in ended["FailureReason"]


def test_a_bucket_keeps_its_settings_and_loses_those_that_go(deploy, resources, client):
    settings = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": "true"},
        "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 9, "Prefix": "tmp/"}]},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    }
    s3 = client("s3")
    deploy({"Lake": of("S3::Bucket", **settings)})
    bucket = resources()["Lake"]

    rule = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]
    assert (rule["Expiration"]["Days"], rule["Filter"]["Prefix"]) == (9, "tmp/")
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]

    del settings["LifecycleConfiguration"], settings["VersioningConfiguration"]
    deploy({"Lake": of("S3::Bucket", **settings)})

    assert resources()["Lake"] == bucket
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_a_tls_only_policy_is_stored_and_shuts_nobody_out(deploy, resources, client):
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": {"Fn::Sub": "${Lake.Arn}/*"},
                "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}},
            }
        ],
    }
    deploy(
        {"Lake": of("S3::Bucket"), "Policy": of("S3::BucketPolicy", Bucket={"Ref": "Lake"}, PolicyDocument=document)}
    )

    s3, bucket = client("s3"), resources()["Lake"]
    s3.put_object(Bucket=bucket, Key="x", Body=b"x")
    stored = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert stored["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"
    s3.delete_object(Bucket=bucket, Key="x")


def test_a_role_changes_its_policies_boundary_and_trust(deploy, resources, client):
    boundary = of("IAM::ManagedPolicy", PolicyDocument=statement())
    inline = [{"PolicyName": "own", "PolicyDocument": statement(Action="s3:GetObject")}]
    aws = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    trust = {"AssumeRolePolicyDocument": TRUST}
    deploy({"Edge": boundary, "Job": of("IAM::Role", **trust, Policies=inline, ManagedPolicyArns=aws)})
    iam, role = client("iam"), resources()["Job"]
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["own"]
    assert len(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]) == 1

    deploy({"Edge": boundary, "Job": of("IAM::Role", **trust, PermissionsBoundary={"Ref": "Edge"}, Description="new")})

    found = iam.get_role(RoleName=role)["Role"]
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == resources()["Edge"]
    assert found["Description"] == "new"
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_a_managed_policy_gets_a_new_version(deploy, resources, client):
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        deploy({"Access": of("IAM::ManagedPolicy", PolicyDocument=statement(Action=action))})

    arn = resources()["Access"]
    version = client("iam").get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = client("iam").get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "s3:DeleteObject"


def test_a_network_is_built_and_removed(deploy, resources, client, cloudformation, stack_name):
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    deploy(
        {
            "Vpc": of("EC2::VPC", CidrBlock="10.9.0.0/16", EnableDnsHostnames=True),
            "Subnet": of(
                "EC2::Subnet",
                VpcId={"Ref": "Vpc"},
                CidrBlock={"Fn::Select": [1, {"Fn::Cidr": ["10.9.0.0/16", 2, 8]}]},
                AvailabilityZone={"Fn::Select": [2, {"Fn::GetAZs": ""}]},
            ),
            "Routes": of("EC2::RouteTable", VpcId={"Ref": "Vpc"}),
            "Link": of("EC2::SubnetRouteTableAssociation", RouteTableId={"Ref": "Routes"}, SubnetId={"Ref": "Subnet"}),
            "Group": of(
                "EC2::SecurityGroup",
                VpcId={"Ref": "Vpc"},
                GroupDescription="jobs",
                SecurityGroupEgress=[{**rule, "CidrIp": "0.0.0.0/0"}],
            ),
            "Each": of(
                "EC2::SecurityGroupIngress",
                **rule,
                GroupId={"Fn::GetAtt": ["Group", "GroupId"]},
                SourceSecurityGroupId={"Fn::GetAtt": ["Group", "GroupId"]},
            ),
            "S3": of(
                "EC2::VPCEndpoint",
                VpcId={"Ref": "Vpc"},
                ServiceName="com.amazonaws.us-east-1.s3",
                RouteTableIds=[{"Ref": "Routes"}],
                PolicyDocument=statement(Principal="*"),
            ),
        }
    )

    ec2, found = client("ec2"), resources()
    subnet = ec2.describe_subnets(SubnetIds=[found["Subnet"]])["Subnets"][0]
    assert (subnet["CidrBlock"], subnet["AvailabilityZone"]) == ("10.9.1.0/24", "us-east-1c")
    group = ec2.describe_security_groups(GroupIds=[found["Group"]])["SecurityGroups"][0]
    assert [item["FromPort"] for item in group["IpPermissionsEgress"]] == [443]
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == found["Group"]
    endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[found["S3"]])["VpcEndpoints"][0]
    assert json.loads(endpoint["PolicyDocument"])["Statement"][0]["Principal"] == "*"
    cloudformation.delete_stack(StackName=stack_name)
    assert found["Vpc"] not in [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]]


def test_keys_rotate_and_are_scheduled_for_deletion(deploy, resources, client, cloudformation, stack_name):
    def key(**more):
        return {"Key": of("KMS::Key", KeyPolicy=statement(Principal="*"), EnableKeyRotation=True, **more)}

    deploy(key())
    deploy(key(Description="data", Tags=[{"Key": "a", "Value": "b"}]))

    kms, key_id = client("kms"), resources()["Key"]
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"] == "data"
    assert kms.list_resource_tags(KeyId=key_id)["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    cloudformation.delete_stack(StackName=stack_name)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_alarms_budgets_and_schedules_watch(deploy, resources, client, unique):
    name = unique("alarm")

    def watched(threshold):
        subscriber = {"SubscriptionType": "SNS", "Address": {"Ref": "Topic"}}
        notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
        budget = {
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": threshold, "Unit": "USD"},
        }
        return {
            "Topic": of("SNS::Topic", DisplayName="alarms"),
            "Publish": of("SNS::TopicPolicy", Topics=[{"Ref": "Topic"}], PolicyDocument=statement(Principal="*")),
            "Alarm": of(
                "CloudWatch::Alarm",
                AlarmName=name,
                Namespace="n",
                MetricName="m",
                Statistic="Sum",
                Period="60",
                EvaluationPeriods=1,
                Threshold=threshold,
                ComparisonOperator="GreaterThanThreshold",
                AlarmActions=[{"Ref": "Topic"}],
            ),
            "Budget": of(
                "Budgets::Budget",
                Budget=budget,
                NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": [subscriber]}],
            ),
            "Rule": of(
                "Events::Rule",
                EventPattern={"source": ["aws.sagemaker"]},
                Targets=[{"Id": "1", "Arn": {"Ref": "Topic"}}],
            ),
            "Nightly": of(
                "Scheduler::Schedule",
                FlexibleTimeWindow={"Mode": "OFF"},
                ScheduleExpression=f"rate({threshold} hours)",
                Target={"Arn": {"Ref": "Topic"}, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
            ),
        }

    deploy(watched(5))
    deploy(watched(6))

    found = resources()
    alarm = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert (alarm["Threshold"], alarm["AlarmActions"]) == (6.0, [found["Topic"]])
    budget = client("budgets").describe_budget(AccountId=ACCOUNT, BudgetName=found["Budget"])["Budget"]
    assert budget["BudgetLimit"]["Amount"] == "6"
    assert client("events").list_targets_by_rule(Rule=found["Rule"])["Targets"][0]["Arn"] == found["Topic"]
    assert client("scheduler").get_schedule(Name=found["Nightly"])["ScheduleExpression"] == "rate(6 hours)"
    topic = client("sns").get_topic_attributes(TopicArn=found["Topic"])["Attributes"]
    assert json.loads(topic["Policy"])["Statement"][0]["Action"] == "*"


def test_a_catalogue_with_tables_and_grants(deploy, client, cloudformation, stack_name):
    database, group = stack_name.replace("-", "_"), stack_name
    table = {"Name": "flights", "StorageDescriptor": {"Columns": [{"Name": "origin", "Type": "string"}]}}
    where = {"Table": {"CatalogId": ACCOUNT, "DatabaseName": {"Ref": "Database"}, "Name": {"Ref": "Table"}}}

    def catalogue(limit):
        return {
            "Job": ROLE,
            "Database": of("Glue::Database", CatalogId=ACCOUNT, DatabaseInput={"Name": database}),
            "Table": of("Glue::Table", CatalogId=ACCOUNT, DatabaseName={"Ref": "Database"}, TableInput=table),
            "Queries": of(
                "Athena::WorkGroup", Name=group, WorkGroupConfiguration={"BytesScannedCutoffPerQuery": limit}
            ),
            "Grant": of(
                "LakeFormation::PrincipalPermissions",
                Principal={"DataLakePrincipalIdentifier": {"Fn::GetAtt": ["Job", "Arn"]}},
                Resource=where,
                Permissions=["SELECT"],
                PermissionsWithGrantOption=[],
            ),
        }

    deploy(catalogue(10**7))
    deploy(catalogue(2 * 10**7))

    found = client("glue").get_table(DatabaseName=database, Name="flights")["Table"]
    assert found["StorageDescriptor"]["Columns"][0]["Name"] == "origin"
    configuration = client("athena").get_work_group(WorkGroup=group)["WorkGroup"]["Configuration"]
    assert configuration["BytesScannedCutoffPerQuery"] == 2 * 10**7
    cloudformation.delete_stack(StackName=stack_name)
    with pytest.raises(client("glue").exceptions.EntityNotFoundException):
        client("glue").get_table(DatabaseName=database, Name="flights")


def test_a_type_that_is_only_recorded_says_so(deploy, cloudformation, stack_name):
    deploy({"All": of("FSx::DataRepositoryAssociation", FileSystemId="fs-0123456789abcdef0")})

    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    reasons = [item.get("ResourceStatusReason", "") for item in events if item["LogicalResourceId"] == "All"]
    assert reasons == ["Recorded in the stack only: the local AWS has no API for it.", ""]


def test_a_property_that_the_api_does_not_know_fails_by_its_name(deploy, failures):
    deploy({"Models": of("SageMaker::ModelPackageGroup", ModelPackageGroupName="g", Colour="blue")}, fails=True)

    assert failures()["Models"] == "Model validation failed (#: extraneous key [Colour] is not permitted)"
