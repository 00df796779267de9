from pipelines.lineage.records import (
    code_digest,
    contributions,
    execution_arn,
    model_packages_of,
    package_record,
    processing_record,
    step_record,
    training_record,
    tuning_record,
)

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/flight-delay/2"
DIGEST = "ab" * 32


def package(**more):
    return {
        "ModelPackageArn": ARN,
        "ModelPackageGroupName": "flight-delay",
        "ModelPackageVersion": 2,
        "InferenceSpecification": {"Containers": [{"Image": "xgboost", "ModelDataUrl": "s3://a/m/model.tar.gz"}]},
        **more,
    }


def step(name, arn=None, inputs=None, outputs=None):
    return {"step": name, "arn": arn, "inputs": inputs or {}, "outputs": outputs or {}}


def test_a_package_tells_its_baselines_by_their_path():
    quality = {"Statistics": {"S3Uri": "s3://a/statistics.json"}, "Constraints": {"S3Uri": "s3://a/constraints.json"}}
    bias = {"PostTrainingConstraints": {"S3Uri": "s3://a/bias.json"}}

    found = package_record(package(DriftCheckBaselines={"ModelDataQuality": quality, "Bias": bias}))

    assert found["baselines"] == {
        "ModelDataQuality.Statistics": "s3://a/statistics.json",
        "ModelDataQuality.Constraints": "s3://a/constraints.json",
        "Bias.PostTrainingConstraints": "s3://a/bias.json",
    }


def test_a_package_that_was_registered_by_hand_has_no_execution():
    assert execution_arn(package()) is None
    assert package_record(package())["retraining_reason"] is None


def test_the_execution_is_what_the_package_says_else_what_sagemaker_says():
    generated = {"GeneratedBy": "generated"}

    assert execution_arn(package(MetadataProperties=generated)) == "generated"
    told = {"pipeline_execution_arn": "told"}
    assert execution_arn(package(MetadataProperties=generated, CustomerMetadataProperties=told)) == "told"


def test_the_hash_of_a_bundle_is_in_its_key():
    assert code_digest(f"s3://a/code/processing/{DIGEST}/processing.pyz") == DIGEST
    assert code_digest(f"s3://assets/{DIGEST}.pyz") == DIGEST
    assert code_digest("s3://a/code/processing.pyz") is None
    assert code_digest(f"s3://a/{DIGEST}0") is None


def test_a_processing_job_tells_code_inputs_and_outputs():
    def place(name, uri, kind):
        return {f"{kind}Name": name, f"S3{kind}": {"S3Uri": uri}}

    job = {
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingInputs": [place("code", f"s3://a/{DIGEST}/x.pyz", "Input"), place("raw", "s3://raw", "Input")],
        "ProcessingOutputConfig": {"Outputs": [place("train", "s3://curated/train", "Output")]},
    }

    assert processing_record(job) == {
        "image": "image",
        "code": {"uri": f"s3://a/{DIGEST}/x.pyz", "sha256": DIGEST},
        "inputs": {"raw": "s3://raw"},
        "outputs": {"train": "s3://curated/train"},
    }


def test_a_training_job_reads_channels_from_s3_or_a_file_system():
    job = {
        "AlgorithmSpecification": {"TrainingImage": "image"},
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": {"FileSystemDataSource": {"DirectoryPath": "/fsx/train"}}},
            {"ChannelName": "validation", "DataSource": {"S3DataSource": {"S3Uri": "s3://curated/validation"}}},
        ],
        "ModelArtifacts": {"S3ModelArtifacts": "s3://a/model.tar.gz"},
    }

    found = training_record(job)

    assert found["inputs"] == {"train": "/fsx/train", "validation": "s3://curated/validation"}
    assert found["outputs"] == {"model": "s3://a/model.tar.gz"}
    assert found["code"] is None


def test_a_tuning_job_tells_its_best_trial():
    job = {
        "TrainingJobDefinition": {"OutputDataConfig": {"S3OutputPath": "s3://a/tuning"}},
        "BestTrainingJob": {"TrainingJobName": "trial-7"},
    }

    found = tuning_record(job)

    assert (found["best_trial"], found["outputs"]) == ("trial-7", {"trials": "s3://a/tuning"})


def test_a_step_taken_from_the_cache_names_its_source():
    raw = {
        "StepName": "Prepare",
        "StepStatus": "Succeeded",
        "CacheHitResult": {"SourcePipelineExecutionArn": "earlier"},
        "Metadata": {"ProcessingJob": {"Arn": "arn:job"}, "Callback": {}},
    }

    found = step_record(raw)

    assert (found["cached_from"], found["arn"]) == ("earlier", "arn:job")


def test_only_steps_on_the_way_to_the_package_contributed():
    steps = [
        step("Prepare", outputs={"train": "s3://c/p/train", "baseline": "s3://c/p/baseline"}),
        step("Tune", inputs={"train": "s3://c/p/train"}, outputs={"trials": "s3://a/tuning"}),
        step("TrainOther", inputs={"train": "s3://c/p/train"}, outputs={"model": "s3://a/other/model.tar.gz"}),
        step("Train", inputs={"tuned": "s3://a/tuning/7/model.tar.gz"}, outputs={"model": "s3://a/m/model.tar.gz"}),
        step("Evaluate", outputs={"evaluation": "s3://a/evaluation"}),
        step("EvaluateAlike", outputs={"evaluation": "s3://a/evaluation-of-other"}),
        step("RegisterModel", arn=ARN),
        step("RegisterOther", arn=ARN.replace("/2", "/3")),
    ]
    sources = {"Statistics": {"S3Uri": "s3://a/evaluation/evaluation.json"}}

    led = contributions(package_record(package(DriftCheckBaselines={"ModelQuality": sources})), steps)

    names = [each["step"] for each, contributed in zip(steps, led, strict=True) if contributed]
    assert names == ["Prepare", "Tune", "Train", "Evaluate", "RegisterModel"]


def test_a_model_is_made_of_packages_or_archives():
    assert model_packages_of({"Containers": [{"ModelPackageName": ARN}]}) == {ARN}
    assert model_packages_of({"PrimaryContainer": {"ModelDataUrl": "s3://a/m"}}) == {"s3://a/m"}
    assert model_packages_of({}) == set()
