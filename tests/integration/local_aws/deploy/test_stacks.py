"""Stacks through boto3: creation, update, deletion, exports, failures, as CloudFormation's own."""

import json

import pytest
from botocore.exceptions import ClientError

GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MISSING = "arn:aws:iam::123456789012:policy/missing"
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def policy(resource, action="s3:GetObject"):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_references_attributes_and_functions_reach_the_resources(deploy, resources, client, stack_name):
    stack = deploy(
        {
            "Lake": {"Type": "AWS::S3::Bucket"},
            "Access": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": policy({"Fn::Sub": "${Lake.Arn}/raw/*"}), "Roles": [{"Ref": "Job"}]},
            },
            "Job": ROLE,
        },
        Outputs={"Zones": {"Value": {"Fn::Select": [1, {"Fn::GetAZs": ""}]}}, "Lake": {"Value": {"Ref": "Lake"}}},
    )

    found = resources()
    iam = client("iam")
    document = iam.get_policy_version(PolicyArn=found["Access"], VersionId="v1")["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Resource"] == f"arn:aws:s3:::{found['Lake']}/raw/*"
    attached = iam.list_attached_role_policies(RoleName=found["Job"])["AttachedPolicies"]
    assert [item["PolicyArn"] for item in attached] == [found["Access"]]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    assert outputs == {"Zones": "us-east-1b", "Lake": found["Lake"]}
    assert found["Lake"].startswith(stack_name)


def test_an_update_changes_only_what_differs(deploy, resources, cloudformation, client, stack_name):
    deploy({"Kept": GROUP, "Changed": GROUP, "Gone": GROUP})
    before = resources()

    deploy({"Kept": GROUP, "Changed": {**GROUP, "Properties": {"RetentionInDays": 30}}, "New": GROUP})

    after = resources()
    assert set(after) == {"Kept", "Changed", "New"}
    assert (after["Kept"], after["Changed"]) == (before["Kept"], before["Changed"])
    groups = {
        item["logGroupName"]: item["retentionInDays"]
        for item in client("logs").describe_log_groups(logGroupNamePrefix=stack_name)["logGroups"]
    }
    assert groups == {after["Kept"]: 7, after["Changed"]: 30, after["New"]: 7}
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    updated = {item["LogicalResourceId"] for item in events if item["ResourceStatus"] == "UPDATE_COMPLETE"}
    assert updated == {"Changed", stack_name}


def test_a_change_set_shows_what_would_happen(cloudformation, deploy, stack_name):
    group = {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": stack_name}}
    deploy({"Logs": GROUP, "Models": group, "Gone": GROUP})
    body = {
        "Logs": {**GROUP, "Properties": {"RetentionInDays": 30}},
        "Models": {**group, "Properties": {"ModelPackageGroupName": f"{stack_name}-2"}},
        "New": GROUP,
    }
    arn = cloudformation.create_change_set(
        StackName=stack_name, ChangeSetName="look", TemplateBody=json.dumps({"Resources": body})
    )["Id"]

    changes = [item["ResourceChange"] for item in cloudformation.describe_change_set(ChangeSetName=arn)["Changes"]]

    shown = {item["LogicalResourceId"]: (item["Action"], item.get("Replacement")) for item in changes}
    assert shown == {
        "Logs": ("Modify", "False"),
        "Models": ("Modify", "True"),
        "New": ("Add", None),
        "Gone": ("Remove", None),
    }
    assert cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_the_same_template_again_has_no_changes(cloudformation, deploy, stack_name):
    deploy({"Logs": GROUP})
    body = json.dumps({"Resources": {"Logs": GROUP}}, indent=2)

    arn = cloudformation.create_change_set(StackName=stack_name, ChangeSetName="again", TemplateBody=body)["Id"]
    found = cloudformation.describe_change_set(ChangeSetName=arn)

    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(StackName=stack_name, TemplateBody=body)


def test_a_resource_that_cannot_change_is_replaced(deploy, resources, client, unique):
    first, second = unique("models"), unique("models")
    kind = "AWS::SageMaker::ModelPackageGroup"
    deploy({"Models": {"Type": kind, "Properties": {"ModelPackageGroupName": first}}})

    deploy({"Models": {"Type": kind, "Properties": {"ModelPackageGroupName": second}}})

    assert resources()["Models"].endswith(second)
    with pytest.raises(ClientError, match="does not exist"):
        client("sagemaker").describe_model_package_group(ModelPackageGroupName=first)


def test_a_failed_creation_names_its_resource_and_leaves_nothing(deploy, failures, resources, client, stack_name):
    broken = {
        "Type": "AWS::IAM::Role",
        "DependsOn": "Logs",
        "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [MISSING]},
    }

    stack = deploy({"Logs": GROUP, "Job": broken}, fails=True)

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert MISSING in failures()["Job"]
    assert resources() == {}
    assert client("logs").describe_log_groups(logGroupNamePrefix=stack_name)["logGroups"] == []


def test_a_failed_update_is_rolled_back(deploy, failures, resources, client):
    role = ROLE["Properties"]
    deploy({"Logs": GROUP, "Job": {"Type": "AWS::IAM::Role", "Properties": {**role, "Description": "before"}}})
    before = resources()

    stack = deploy(
        {
            "Logs": {**GROUP, "Properties": {"RetentionInDays": 30}},
            "New": {**GROUP, "DependsOn": "Logs"},
            "Job": {
                "Type": "AWS::IAM::Role",
                "DependsOn": "New",
                "Properties": {**role, "Description": "after", "ManagedPolicyArns": [MISSING]},
            },
        },
        fails=True,
    )

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Job" in failures()
    assert resources() == before
    group = client("logs").describe_log_groups(logGroupNamePrefix=before["Logs"])["logGroups"][0]
    assert group["retentionInDays"] == GROUP["Properties"]["RetentionInDays"]


def test_types_that_cannot_be_deployed_are_named_with_their_resources(cloudformation, stack_name):
    body = json.dumps({"Resources": {"Sky": {"Type": "AWS::Weather::Cloud"}, "Log": {"Type": "AWS::Logs::LogGruop"}}})

    with pytest.raises(ClientError, match=r"AWS::Weather::Cloud \(Sky\)") as caught:
        cloudformation.create_stack(StackName=stack_name, TemplateBody=body)

    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert "AWS::Logs::LogGruop (Log)" in str(caught.value)
    assert "AWS::Logs::LogGroup" in str(caught.value).split("Similar")[1]


def test_exports_are_imported_and_protected(deploy, cloudformation, unique, resources):
    owner, user, export = unique("owner"), unique("user"), unique("export")
    outputs = {"Out": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}, "Export": {"Name": export}}}
    deploy({"Logs": GROUP}, name=owner, Outputs=outputs)
    access = {"PolicyDocument": policy({"Fn::ImportValue": export}, "logs:PutLogEvents")}
    deploy({"Access": {"Type": "AWS::IAM::ManagedPolicy", "Properties": access}}, name=user)

    assert cloudformation.list_imports(ExportName=export)["Imports"] == [user]
    with pytest.raises(ClientError, match=f"{export} cannot be deleted as it is in use by {user}"):
        cloudformation.delete_stack(StackName=owner)
    stack = deploy({"Logs": GROUP, "More": GROUP}, name=owner, fails=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert set(resources(owner)) == {"Logs"}
    cloudformation.delete_stack(StackName=user)
    cloudformation.delete_stack(StackName=owner)
    assert export not in [item["Name"] for item in cloudformation.list_exports()["Exports"]]


def test_an_export_that_is_missing_fails_the_change_set(cloudformation, stack_name):
    access = {"PolicyDocument": policy({"Fn::ImportValue": "nobody-exports-this"})}
    body = json.dumps({"Resources": {"Access": {"Type": "AWS::IAM::ManagedPolicy", "Properties": access}}})

    arn = cloudformation.create_change_set(
        StackName=stack_name, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body
    )["Id"]

    found = cloudformation.describe_change_set(ChangeSetName=arn)
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "No export named nobody-exports-this found.")


def test_deletion_removes_all_but_what_is_retained(deploy, cloudformation, resources, client, stack_name):
    deploy({"Logs": GROUP, "Kept": {**GROUP, "DeletionPolicy": "Retain"}, "Job": ROLE})
    before = resources()

    cloudformation.delete_stack(StackName=stack_name)

    with pytest.raises(ClientError, match=f"Stack with id {stack_name} does not exist"):
        cloudformation.describe_stacks(StackName=stack_name)
    left = client("logs").describe_log_groups(logGroupNamePrefix=stack_name)["logGroups"]
    assert [item["logGroupName"] for item in left] == [before["Kept"]]
    with pytest.raises(client("iam").exceptions.NoSuchEntityException):
        client("iam").get_role(RoleName=before["Job"])


def test_a_bucket_with_objects_fails_its_stack_deletion_until_it_is_empty(
    deploy, cloudformation, failures, client, stack_name
):
    bucket = stack_name
    lake = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}
    stack_id = deploy({"Lake": lake, "Logs": GROUP})["StackId"]
    client("s3").put_object(Bucket=bucket, Key="x", Body=b"x")

    cloudformation.delete_stack(StackName=stack_name)

    assert cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"] == "DELETE_FAILED"
    assert "not empty" in failures()["Lake"]
    client("s3").delete_object(Bucket=bucket, Key="x")
    cloudformation.delete_stack(StackName=stack_name)
    assert cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"


def test_a_protected_stack_is_not_deleted(deploy, cloudformation, stack_name):
    deploy({"Logs": GROUP})
    cloudformation.update_termination_protection(StackName=stack_name, EnableTerminationProtection=True)

    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        cloudformation.delete_stack(StackName=stack_name)


def test_parameters_conditions_and_rules_decide(deploy, cloudformation, resources, client, stack_name):
    name = f"{stack_name}-version"
    client("ssm").put_parameter(Name=name, Value="21", Type="String")
    sections = {
        "Parameters": {
            "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name},
            "Stage": {"Type": "String", "Default": "sandbox", "AllowedValues": ["sandbox", "prod"]},
        },
        "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
        "Rules": {
            "New": {
                "Assertions": [
                    {
                        "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2"], {"Ref": "Version"}]}]},
                        "AssertDescription": "bootstrap again",
                    }
                ]
            }
        },
    }
    extra = {**GROUP, "Condition": "IsProd"}

    stack = deploy({"Logs": GROUP, "Extra": extra}, **sections)

    assert set(resources()) == {"Logs"}
    assert {item["ParameterKey"]: item.get("ResolvedValue") for item in stack["Parameters"]} == {
        "Version": "21",
        "Stage": None,
    }
    body = json.dumps({"Resources": {"Logs": GROUP, "Extra": extra}, **sections})
    given = [{"ParameterKey": "Stage", "ParameterValue": "prod"}]
    cloudformation.update_stack(StackName=stack_name, TemplateBody=body, Parameters=given)
    assert set(resources()) == {"Logs", "Extra"}
    client("ssm").put_parameter(Name=name, Value="2", Type="String", Overwrite=True)
    deployed = cloudformation.create_change_set(StackName=stack_name, ChangeSetName="old", TemplateBody=body)
    assert "bootstrap again" in cloudformation.describe_change_set(ChangeSetName=deployed["Id"])["StatusReason"]


def test_yaml_with_short_functions_deploys(cloudformation, resources, client, stack_name):
    body = """
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
  Access:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Action: "logs:*", Resource: !GetAtt Logs.Arn}
"""
    cloudformation.create_stack(StackName=stack_name, TemplateBody=body)

    found = client("iam").get_policy_version(PolicyArn=resources()["Access"], VersionId="v1")
    document = found["PolicyVersion"]["Document"]
    assert document["Version"] == "2012-10-17"
    assert document["Statement"][0]["Resource"].endswith(f":log-group:{resources()['Logs']}:*")


def test_a_template_comes_from_a_bucket_of_this_local_aws(local_aws, cloudformation, client, bucket, stack_name):
    client("s3").put_object(Bucket=bucket, Key="a/b.json", Body=json.dumps({"Resources": {"Logs": GROUP}}))

    cloudformation.create_stack(StackName=stack_name, TemplateURL=f"{local_aws.endpoint_url}/{bucket}/a/b.json")

    assert cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_the_tags_of_a_stack_reach_its_resources(deploy, resources, client):
    tags = [{"Key": "project", "Value": "flights"}]

    deploy({"Job": ROLE, "Lake": {"Type": "AWS::S3::Bucket"}}, Tags=tags)

    assert client("iam").list_role_tags(RoleName=resources()["Job"])["Tags"] == tags
    assert client("s3").get_bucket_tagging(Bucket=resources()["Lake"])["TagSet"] == tags
