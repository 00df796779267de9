import json
from dataclasses import replace

import pytest

from infra.checks.guards import problems
from infra.settings import STAGES, stage_named
from pipelines.resources import Resources
from tests.infra.synthesis import synthesise


def types(assembly):
    return [resource.type for resource in assembly.resources()]


def test_three_isolated_subnets_and_no_way_out(sandbox):
    found = types(sandbox)

    assert found.count("AWS::EC2::Subnet") == 3
    assert not {"AWS::EC2::NatGateway", "AWS::EC2::InternetGateway"} & set(found)


def test_instances_of_one_job_may_exchange_ipsec_and_tcp(sandbox):
    rules = list(sandbox.resources("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"))

    protocols = {
        (rule.type[-7:], str(rule.properties["IpProtocol"]), rule.properties.get("FromPort")) for rule in rules
    }
    wanted = {
        (kind, *port) for kind in ("Ingress", "pEgress"[-6:]) for port in (("tcp", 0), ("udp", 500), ("50", None))
    }
    assert {(kind.lstrip("p"), *rest) for kind, *rest in protocols} == wanted


def test_command_line_finds_everything_in_one_output(sandbox):
    template = sandbox.templates["FlightDelay-sandbox-Training"]

    text = sandbox.resolve("FlightDelay-sandbox-Training", template["Outputs"]["Resources"]["Value"])
    resources = Resources.from_dict(json.loads(text))

    assert resources.buckets.raw.startswith("flightdelay-sandbox-lake-raw")
    assert resources.roles.training.startswith("arn:aws:iam::123456789012:role/FlightDelay-sandbox-Identities-Training")
    assert len(resources.network.subnets) == 3


def test_deployed_definition_runs_jobs_under_their_own_roles_with_code_by_content(sandbox):
    pipeline = next(sandbox.resources("AWS::SageMaker::Pipeline"))
    definition = json.loads(pipeline.properties["PipelineDefinition"]["PipelineDefinitionBody"])

    steps = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    assert "Identities-Processing" in steps["Prepare"]["RoleArn"]
    assert "Identities-Evaluation" in steps["Evaluate"]["RoleArn"]
    code = steps["Prepare"]["ProcessingInputs"][1]["S3Input"]["S3Uri"]
    assert code.startswith("s3://cdk-hnb659fds-assets-123456789012-us-east-1/")
    assert steps["Prepare"]["AppSpecification"]["ContainerEntrypoint"][1].split("/")[-1] == code.split("/")[-1]
    assert "~" not in json.dumps(definition)


def test_pipeline_template_stays_far_below_cloudformations_limit(sandbox):
    assert all(len(json.dumps(template)) < 500_000 for template in sandbox.templates.values())


def test_delivery_stack_needs_no_bootstrap_and_no_bucket(sandbox):
    template = sandbox.templates["FlightDelay-sandbox-Delivery"]

    assert "BootstrapVersion" not in template.get("Parameters", {})
    assert len(json.dumps(template)) < 51_200


def test_protected_stage_keeps_what_is_stateful(prod, sandbox):
    stateful = ("AWS::S3::Bucket", "AWS::KMS::Key")

    assert {resource.raw["DeletionPolicy"] for resource in prod.resources(*stateful)} == {"Retain"}
    assert {resource.raw["DeletionPolicy"] for resource in sandbox.resources(*stateful)} == {"Delete"}


def test_schedule_starts_the_pipeline_under_its_own_role_with_a_fresh_data_version(prod):
    schedules = prod.resources("AWS::Scheduler::Schedule")
    schedule = next(item for item in schedules if item.stack.endswith("Training"))

    request = json.loads(schedule.properties["Target"]["Input"])
    assert request["PipelineName"] == "flight-delay-training"
    assert request["PipelineParameters"] == [{"Name": "DataVersion", "Value": "<aws.scheduler.scheduled-time>"}]


def test_failed_execution_reaches_the_encrypted_topic(sandbox):
    rule = next(rule for rule in sandbox.resources("AWS::Events::Rule") if rule.stack.endswith("Training"))
    topic = next(sandbox.resources("AWS::SNS::Topic"))

    assert rule.properties["EventPattern"]["detail"]["currentPipelineExecutionStatus"] == ["Failed"]
    assert rule.properties["Targets"][0]["Arn"] == sandbox.arn(topic.stack, topic.logical_id)
    key = next(key for key in sandbox.resources("AWS::KMS::Key") if key.logical_id.startswith("OperationsKey"))
    services = [s["Principal"].get("Service") for s in key.properties["KeyPolicy"]["Statement"]]
    assert {"events.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com"} <= set(services)


def test_raw_tables_are_queried_where_they_land(sandbox):
    tables = {
        t.properties["TableInput"]["Name"]: t.properties["TableInput"] for t in sandbox.resources("AWS::Glue::Table")
    }

    flights = tables["flights"]
    assert set(tables) == {"flights", "weather", "planes", "airports", "airlines", "prepared", "predictions"}
    assert flights["StorageDescriptor"]["Location"].endswith("/nycflights13/flights/")
    assert [key["Name"] for key in flights["PartitionKeys"]] == ["year", "month"]
    assert not {"year", "month"} & {column["Name"] for column in flights["StorageDescriptor"]["Columns"]}
    assert {"Name": "label", "Type": "tinyint"} in tables["prepared"]["StorageDescriptor"]["Columns"]


def test_queries_are_encrypted_and_limited_against_the_clients_will(sandbox):
    settings = next(sandbox.resources("AWS::Athena::WorkGroup")).properties["WorkGroupConfiguration"]

    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == 10 * 1024**3
    assert settings["ResultConfiguration"]["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"


def test_github_roles_trust_one_repository_and_one_event_each(sandbox):
    trusts = {
        role.logical_id[:-8]: role.properties["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]
        for role in sandbox.resources("AWS::IAM::Role")
        if role.stack.endswith("Delivery")
    }

    subject = "token.actions.githubusercontent.com:sub"
    assert trusts["Deploy"][subject] == ["repo:OWNER/REPOSITORY:environment:sandbox"]
    assert trusts["Run"][subject] == ["repo:OWNER/REPOSITORY:environment:sandbox-run"]
    assert trusts["Plan"][subject][0] == "repo:OWNER/REPOSITORY:pull_request"


def data_channels(assembly):
    """The channels of prepared data of Tune and Train, in the deployed definition."""
    (pipeline,) = assembly.resources("AWS::SageMaker::Pipeline")
    definition = json.loads(pipeline.properties["PipelineDefinition"]["PipelineDefinitionBody"])
    steps = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    jobs = [steps["Train"], steps["Tune"]["TrainingJobDefinition"]]
    found = [channel for job in jobs for channel in job["InputDataConfig"]]
    return [channel for channel in found if channel["ChannelName"] in {"train", "validation"}]


def source_of(channel):
    system = channel["DataSource"].get("FileSystemDataSource")
    return system["FileSystemType"] if system else "S3"


@pytest.mark.parametrize(
    ("storage", "kind", "ports", "source"),
    [
        ("s3-file", None, set(), {"S3": "File"}),
        ("s3-fast-file", None, set(), {"S3": "FastFile"}),
        ("efs", "AWS::EFS::FileSystem", {2049}, {"EFS": "File"}),
        ("fsx-lustre", "AWS::FSx::FileSystem", {988, 1018}, {"FSxLustre": "File"}),
    ],
)
def test_each_training_storage_synthesises_with_its_network_rules(storage, kind, ports, source, tmp_path):
    assembly = synthesise(replace(STAGES["sandbox"], training_storage=storage), tmp_path / "cdk.out")

    rules = [rule for rule in assembly.resources("AWS::EC2::SecurityGroupIngress") if rule.stack.endswith("Storage")]
    assert {rule.properties["FromPort"] for rule in rules} == ports
    assert kind is None or kind in types(assembly)
    assert source == {source_of(channel): channel["InputMode"] for channel in data_channels(assembly)}
    assert not problems(assembly)


def test_every_switch_on_synthesises(tmp_path):
    stage = replace(
        STAGES["sandbox"],
        interface_endpoints=("sagemaker.api", "logs"),
        manages_lake_formation=True,
        alarm_email="someone@example.com",
        github=replace(STAGES["sandbox"].github, creates_provider=False),
    )
    assembly = synthesise(stage, tmp_path / "cdk.out")

    found = types(assembly)
    assert found.count("AWS::EC2::VPCEndpoint") == 3
    assert found.count("AWS::LakeFormation::PrincipalPermissions") == 2
    assert "AWS::IAM::OIDCProvider" not in found
    assert not problems(assembly)


def test_unknown_stage_names_the_known_ones():
    with pytest.raises(ValueError, match="'staging' does not exist; choose one of sandbox, prod"):
        stage_named("staging")


def test_what_is_deployed_before_the_bootstrap_is_small_enough_to_be_passed_inline(sandbox, sandbox_folder):
    file = sandbox_folder / "FlightDelay-sandbox-Delivery.template.json"

    assert file.stat().st_size < 51_200
