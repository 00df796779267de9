"""Each planted defect is caught by the check of its name, and by that one only."""

import json

import pytest

from pipelines.checks import check_definition, refuse_faults
from pipelines.errors import DefinitionError


def checks_of(definition):
    return {finding.check for finding in check_definition(json.dumps(definition))}


def test_the_pipeline_passes_every_check(definition):
    assert check_definition(json.dumps(definition)) == []


def job(step):
    return step["Arguments"].get("TrainingJobDefinition", step["Arguments"])


def cluster(step):
    return job(step).get("ResourceConfig") or step["Arguments"]["ProcessingResources"]["ClusterConfig"]


def network(step):
    return step["Arguments"].get("NetworkConfig", job(step))


def outputs(step):
    return job(step).get("OutputDataConfig") or step["Arguments"]["ProcessingOutputConfig"]


SECURITY_DEFECTS = {
    "job-in-vpc": lambda step: network(step).pop("VpcConfig"),
    "network-isolation": lambda step: network(step).update(EnableNetworkIsolation=False),
    "volume-key": lambda step: cluster(step).pop("VolumeKmsKeyId"),
    "output-key": lambda step: outputs(step).pop("KmsKeyId"),
    "job-tags": lambda step: step["Arguments"].pop("Tags"),
    "traffic-encryption": lambda step: (
        cluster(step).update(InstanceCount=2),
        network(step).pop("EnableInterContainerTrafficEncryption"),
    ),
}


@pytest.mark.parametrize("name", ["Prepare", "Tune", "Train", "Evaluate"])
@pytest.mark.parametrize("check", SECURITY_DEFECTS)
def test_an_insecure_job_is_caught(definition, steps, check, name):
    SECURITY_DEFECTS[check](steps[name])

    assert checks_of(definition) == {check}


def test_a_role_shared_by_two_kinds_of_work_is_caught(definition, steps):
    job(steps["Train"])["RoleArn"] = steps["Prepare"]["Arguments"]["RoleArn"]
    job(steps["Tune"])["RoleArn"] = steps["Prepare"]["Arguments"]["RoleArn"]

    assert checks_of(definition) == {"own-role"}


@pytest.mark.parametrize("name", ["Tune", "Train"])
def test_spot_without_checkpoints_is_caught(definition, steps, name):
    del job(steps[name])["CheckpointConfig"]

    assert checks_of(definition) == {"spot-checkpoint"}


def test_a_checkpoint_path_that_all_executions_share_is_caught(definition, steps):
    job(steps["Tune"])["CheckpointConfig"]["S3Uri"] = "s3://bucket/checkpoints"

    assert checks_of(definition) == {"spot-checkpoint"}


def test_a_wrong_type_is_caught(definition, steps):
    cluster(steps["Prepare"])["InstanceCount"] = "one"

    (finding,) = check_definition(json.dumps(definition))
    assert finding.check == "wrong-type"
    assert str(finding) == (
        "[wrong-type] Prepare: ProcessingResources.ClusterConfig.InstanceCount must be of type integer, but is 'one'"
    )


def test_a_parameter_of_the_wrong_type_is_caught(definition, steps):
    cluster(steps["Prepare"])["InstanceCount"] = {"Get": "Parameters.MinAuc"}

    assert checks_of(definition) == {"wrong-type"}


def test_an_unknown_member_is_caught(definition, steps):
    steps["Train"]["Arguments"]["EnableNetworkIsolatoin"] = True

    assert checks_of(definition) == {"unknown-member"}


def test_a_missing_member_is_caught(definition, steps):
    del steps["Train"]["Arguments"]["OutputDataConfig"]["S3OutputPath"]

    assert checks_of(definition) == {"missing-member"}


def test_a_value_outside_the_enum_is_caught(definition, steps):
    job(steps["Tune"])["AlgorithmSpecification"]["TrainingInputMode"] = "Fast"

    assert checks_of(definition) == {"not-in-enum"}


def test_a_value_that_breaks_the_pattern_is_caught(definition, steps):
    steps["Evaluate"]["Arguments"]["RoleArn"] = "role/of-somebody-somewhere"

    assert checks_of(definition) == {"pattern"}


def test_a_number_out_of_range_is_caught(definition, steps):
    cluster(steps["Evaluate"])["InstanceCount"] = 0

    assert checks_of(definition) == {"out-of-range"}


@pytest.mark.parametrize(
    ("reference", "check", "hint"),
    [
        ("Steps.Tuned.HyperParameterTuningJobName", "unknown-step", "did you mean Tune?"),
        ("Steps.Tune.HyperParameterTuningName", "unknown-property", "did you mean HyperParameterTuningJobName?"),
        ("Steps.Prepare.ProcessingOutputConfig.Outputs['tests'].S3Output.S3Uri", "unknown-property", "mean test?"),
        ("Steps.Tune.BestTrainingJob", "unknown-property", "must lead to a single value"),
        ("Steps.QualityGate.Result", "unknown-property", "only Outcome"),
        ("Parameters.MinAUC", "unknown-parameter", "did you mean MinAuc?"),
        ("Execution.PipelineExecutionID", "unknown-variable", "did you mean PipelineExecutionId?"),
        ("Stages.Tune.Name", "reference-syntax", "none of Parameters, Execution, Steps"),
        ("MinAuc", "reference-syntax", "write Parameters.X"),
    ],
)
def test_a_dangling_reference_is_caught(definition, steps, reference, check, hint):
    steps["RegisterModel"]["Arguments"]["CustomerMetadataProperties"]["git_commit"] = {"Get": reference}

    findings = [found for found in check_definition(json.dumps(definition)) if found.check == check]
    assert hint in findings[0].message


def test_an_unknown_name_in_depends_on_is_caught(definition, steps):
    steps["Train"]["DependsOn"] = ["Prepair"]

    assert checks_of(definition) == {"unknown-step"}


def test_a_property_file_in_no_output_is_caught(definition, steps):
    steps["Evaluate"]["PropertyFiles"][0]["OutputName"] = "evaluations"

    assert checks_of(definition) == {"property-file"}


def test_a_reference_to_a_missing_property_file_is_caught(definition, steps):
    steps["Evaluate"]["PropertyFiles"] = []

    assert checks_of(definition) == {"property-file"}


def test_a_cycle_is_caught_and_named(definition, steps):
    steps["Prepare"]["DependsOn"] = ["Evaluate"]

    findings = check_definition(json.dumps(definition))
    assert {finding.check for finding in findings} == {"cycle"}
    assert "Prepare" in findings[0].message
    assert "Evaluate" in findings[0].message


def test_a_step_that_waits_for_a_branch_it_is_not_in_is_caught(definition, steps):
    steps["Extra"] = json.loads(json.dumps(steps["Prepare"])) | {"Name": "Extra", "DependsOn": ["RegisterModel"]}
    steps["Extra"]["Arguments"]["RoleArn"] += "-extra"
    definition["Steps"].append(steps["Extra"])

    assert checks_of(definition) == {"branch-order"}


def test_two_steps_of_one_name_are_caught(definition, steps):
    steps["RegisterModel"]["Name"] = "QualityGateFailed"

    assert "unique-names" in checks_of(definition)


def test_a_name_with_a_space_is_caught(definition, steps):
    steps["RegisterModel"]["Name"] = "Register model"

    assert checks_of(definition) == {"step-name"}


def test_an_unknown_step_type_is_caught(definition, steps):
    steps["RegisterModel"]["Type"] = "Register"

    assert checks_of(definition) == {"step-type"}


@pytest.mark.parametrize(
    "condition",
    [{"Type": "Greater"}, {"Type": "In", "Values": []}, {"Type": "Not", "Condition": {"Type": "Equals"}}, "x"],
)
def test_a_malformed_condition_is_caught(definition, steps, condition):
    steps["QualityGate"]["Arguments"]["Conditions"] = [condition]

    assert checks_of(definition) == {"condition"}


@pytest.mark.parametrize("message", [None, 7, "x" * 3073])
def test_a_malformed_fail_message_is_caught(definition, steps, message):
    steps["QualityGateFailed"]["Arguments"]["ErrorMessage"] = message

    assert checks_of(definition) == {"fail-message"}


def test_a_lambda_step_without_its_function_is_caught(definition):
    definition["Steps"].append({"Name": "Notify", "Type": "Lambda", "Arguments": {"who": ["nested"]}})

    assert checks_of(definition) == {"lambda"}


def test_a_retry_without_an_end_is_caught(definition, steps):
    del steps["Prepare"]["RetryPolicies"][0]["MaxAttempts"]

    assert checks_of(definition) == {"retry-policy"}


def test_external_data_without_a_version_in_the_cache_key_is_caught(definition, steps):
    del steps["Prepare"]["Arguments"]["Environment"]

    assert checks_of(definition) == {"cache-input-version"}


def test_a_cache_key_that_never_repeats_is_caught(definition, steps):
    job(steps["Train"])["CheckpointConfig"]["S3Uri"] = {"Get": "Execution.PipelineExecutionId"}

    assert checks_of(definition) == {"cache-defeated"}


def test_code_under_a_constant_key_is_caught(definition, steps):
    code = next(entry for entry in steps["Prepare"]["Arguments"]["ProcessingInputs"] if entry["InputName"] == "code")
    code["S3Input"]["S3Uri"] = "s3://bucket/code/processing.pyz"

    assert checks_of(definition) == {"cache-code"}


@pytest.mark.parametrize("value", ["1 day", "P", "PT", 30])
def test_a_cache_life_that_is_no_duration_is_caught(definition, steps, value):
    steps["Prepare"]["CacheConfig"]["ExpireAfter"] = value

    assert checks_of(definition) == {"cache-expiry"}


@pytest.mark.parametrize("version", [None, "1", 2020])
def test_a_version_of_the_schema_that_does_not_exist_is_caught(definition, version):
    definition["Version"] = version

    assert checks_of(definition) == {"version"}


@pytest.mark.parametrize(
    ("name", "changes", "check"),
    [
        ("GitCommit", {"Type": "Strng"}, "parameter-type"),
        ("MinAuc", {"DefaultValue": "high"}, "parameter-default"),
        ("MinAuc", {"DefaultValue": True}, "parameter-default"),
        ("ModelApprovalStatus", {"DefaultValue": "Perhaps"}, "parameter-default"),
    ],
)
def test_a_parameter_that_contradicts_itself_is_caught(definition, name, changes, check):
    next(item for item in definition["Parameters"] if item["Name"] == name).update(changes)

    assert checks_of(definition) == {check}


def test_a_step_member_that_does_not_exist_is_caught(definition, steps):
    steps["Train"]["DependOn"] = ["Prepare"]

    assert checks_of(definition) == {"unknown-step-member"}


def test_a_definition_that_is_too_long_is_caught(definition):
    definition["Metadata"]["note"] = "x" * 1_048_576

    assert checks_of(definition) == {"size-limit"}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"Steps": []}', '{"Steps": [null]}', '{"Steps": ["x"]}'])
def test_what_is_no_definition_is_caught(text):
    assert [finding.check for finding in check_definition(text)] == ["json"]


def test_faults_are_raised_all_at_once(definition, steps):
    network(steps["Prepare"])["EnableNetworkIsolation"] = False
    cluster(steps["Train"]).pop("VolumeKmsKeyId")

    with pytest.raises(DefinitionError, match=r"(?s)\(2\).*network-isolation.*volume-key"):
        refuse_faults(json.dumps(definition))
