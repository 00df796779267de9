"""Define the training pipeline in the SageMaker SDK's own language: Prepare, Tune, Train, Evaluate, gate, register.

Import it through `pipelines.definition.build`: the SDK can only be imported with an AWS environment around it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo, ConditionLessThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.train.tuner import HyperparameterTuner

from pipelines import model_package
from pipelines.bundle import CodeLocations
from pipelines.custom_steps import RegisterModelStep, SecureTuningStep
from pipelines.job_parts import (
    CAPACITY_FAULTS,
    INPUT_ROOT,
    JOB_FAULTS,
    OUTPUT_ROOT,
    PARQUET,
    Parts,
    channel,
    file_system_channel,
    join_path,
    processing_input,
    processing_output,
    retry_policies,
)
from pipelines.names import EVALUATION_REPORT, PIPELINE_NAME
from pipelines.offline_sdk import offline_pipeline_session
from pipelines.opaque import Placeholders
from pipelines.parameters import Parameter, pipeline_parameters
from pipelines.resources import Resources
from pipelines.settings import OBJECTIVE_METRIC, OBJECTIVE_TYPE, STATIC_HYPERPARAMETERS, Range, Settings

PREPARE_OUTPUTS = ("train", "validation", "test", "production", "specification", "baseline", "report", "rejected")


def compile_definition(resources: Resources, code: CodeLocations, settings: Settings) -> dict[str, Any]:
    """Return the pipeline definition as SageMaker takes it."""
    placeholders = Placeholders()
    parameters = pipeline_parameters(resources, settings)
    hidden_code = CodeLocations(
        processing=replace(code.processing, uri=placeholders.hide_uri(code.processing.uri)),
        training=replace(code.training, uri=placeholders.hide_uri(code.training.uri)),
    )
    with offline_pipeline_session() as session:
        hidden = replace(placeholders.hide(resources), roles=placeholders.hide_roles(resources.roles))
        parts = Parts(session, hidden, hidden_code, settings)
        definition = json.loads(_TrainingPipeline(parts, parameters).compile().definition())
    return placeholders.reveal(definition)


@dataclass(frozen=True)
class _TrainingPipeline:
    """The steps, one method each; a step reaches another only through the properties it is given."""

    parts: Parts
    parameters: tuple[Parameter, ...]

    def compile(self) -> Pipeline:
        """Wire the steps up."""
        given = {parameter.name: _sdk_parameter(parameter) for parameter in self.parameters}
        prepare = self.prepare(given)
        output = _outputs_of(prepare)
        tune = self.tune(given, output)
        tuned_model = tune.get_top_model_s3_uri(0, self.parts.resources.buckets.artifacts, "tuning")
        train = self.train(given, output, tune, tuned_model)
        model = train.properties.ModelArtifacts.S3ModelArtifacts
        report = PropertyFile(EVALUATION_REPORT, output_name="evaluation", path="evaluation.json")
        evaluate = self.evaluate(given, output, report, {"model": model, "tuned": tuned_model})
        gate = self.quality_gate(given, evaluate, report, self.register(given, output, evaluate, report, model))
        return Pipeline(
            PIPELINE_NAME,
            parameters=list(given.values()),
            steps=[prepare, tune, train, evaluate, gate],
            # No experiment and trial per execution: they would cost the pipeline role three more permissions.
            pipeline_experiment_config=None,
            sagemaker_session=self.parts.session,
        )

    def prepare(self, given: dict[str, Any]) -> ProcessingStep:
        """Validate, join, derive features, split by time."""
        resources, limits = self.parts.resources, self.parts.settings.prepare
        processor = self.parts.processor(
            role=resources.roles.processing,
            key=resources.keys.data,
            limits=limits,
            instance_type=given["ProcessingInstanceType"],
            # Part of the step's cache key: replaced data under the same prefix is a miss (the key has no content).
            environment={"DATA_VERSION": given["DataVersion"]},
        )
        prefix = (f"s3://{resources.buckets.curated}", PIPELINE_NAME, ExecutionVariables.PIPELINE_EXECUTION_ID)
        arguments = ["prepare", "--raw-dir", f"{INPUT_ROOT}/raw", "--output-dir", OUTPUT_ROOT]
        request = processor.run(
            inputs=[processing_input("raw", given["RawDataUri"]), self.parts.processing_code()],
            outputs=[processing_output(name, join_path(*prefix, name)) for name in PREPARE_OUTPUTS],
            arguments=[*arguments, "--max-rejected-fraction", given["MaxRejectedFraction"].to_string()],
        )
        return ProcessingStep(
            "Prepare", step_args=request, cache_config=self.cache(), retry_policies=retry_policies(*JOB_FAULTS)
        )

    def tune(self, given: dict[str, Any], output: Callable[[str], Any]) -> SecureTuningStep:
        """Search hyperparameters on the training months, judged on the validation months.

        The image is a first-party algorithm, so its built-in metrics are used and none may be defined. S3OutputPath is
        the same in every execution: the top model's URI is put together from it and the trial's (unique) name, also
        on a cache hit, where an execution id would point to where nothing was ever written.
        """
        budget, bucket = self.parts.settings.budget, self.parts.resources.buckets.artifacts
        trainer = self.parts.trainer(
            instance_type=given["TrainingInstanceType"],
            output_uri=f"s3://{bucket}/tuning",
            # Not part of a tuning step's cache key, so the execution's id may stand here.
            checkpoint_uri=join_path(f"s3://{bucket}/checkpoints", ExecutionVariables.PIPELINE_EXECUTION_ID, "tune"),
            hyperparameters={
                **STATIC_HYPERPARAMETERS,
                "num_round": str(budget.num_round),
                "early_stopping_rounds": str(budget.early_stopping_rounds),
            },
        )
        tuner = HyperparameterTuner(
            model_trainer=trainer,
            objective_metric_name=OBJECTIVE_METRIC,
            objective_type=OBJECTIVE_TYPE,
            hyperparameter_ranges={name: _sdk_range(span) for name, span in budget.search_space.items()},
            strategy="Bayesian",
            max_jobs=budget.trials,
            max_parallel_jobs=budget.parallel_trials,
            max_runtime_in_seconds=self.parts.settings.tuning_max_seconds,
            random_seed=int(STATIC_HYPERPARAMETERS["seed"]),
            tags=[{"Key": name, "Value": value} for name, value in self.parts.resources.tags.items()],
        )
        return SecureTuningStep(
            "Tune",
            step_args=tuner.tune(inputs=self.channels(output)),
            cache_config=self.cache(),
            retry_policies=retry_policies(*CAPACITY_FAULTS),
        )

    def train(
        self, given: dict[str, Any], output: Callable[[str], Any], tune: SecureTuningStep, tuned_model: Any
    ) -> TrainingStep:
        """Refit the best trial on train and validation together.

        A training step's cache key holds its CheckpointConfig: a path with the execution's id would never hit the
        cache, a constant one would resume a model that was trained on other data. The tuning job's name is both
        fresh where tuning really ran and old where it was a cache hit; the digest tells refits of one search apart.
        """
        bucket = self.parts.resources.buckets.artifacts
        hyperparameters = STATIC_HYPERPARAMETERS | {"num_seeds": str(self.parts.settings.budget.seeds)}
        trainer = self.parts.trainer(
            instance_type=given["TrainingInstanceType"],
            output_uri=f"s3://{bucket}/training",
            checkpoint_uri=join_path(
                f"s3://{bucket}/checkpoints",
                tune.properties.HyperParameterTuningJobName,
                "train",
                _digest(hyperparameters),
            ),
            hyperparameters=hyperparameters,
        )
        request = trainer.train(input_data_config=[*self.channels(output), channel("tuned", tuned_model)])
        return TrainingStep(
            "Train", step_args=request, cache_config=self.cache(), retry_policies=retry_policies(*JOB_FAULTS)
        )

    def evaluate(
        self, given: dict[str, Any], output: Callable[[str], Any], report: PropertyFile, models: dict[str, Any]
    ) -> ProcessingStep:
        """Judge the refitted model on the test months, against the tuned one, the champion and the base rate."""
        resources = self.parts.resources
        inputs = {
            **{name: output(name) for name in ("test", "validation", "specification")},
            **models,
            "champion": given["ChampionUri"],
        }
        processor = self.parts.processor(
            role=resources.roles.evaluation,
            key=resources.keys.model,
            limits=self.parts.settings.evaluate,
            instance_type=given["ProcessingInstanceType"],
            environment={"CHAMPION_VERSION": given["ChampionVersion"], "TRAINING_IMAGE": resources.image},
        )
        folders = [text for name in inputs for text in (f"--{name}-dir", f"{INPUT_ROOT}/{name}")]
        uri = join_path(
            f"s3://{resources.buckets.artifacts}/evaluations", ExecutionVariables.PIPELINE_EXECUTION_ID, "evaluation"
        )
        request = processor.run(
            inputs=[*(processing_input(name, uri) for name, uri in inputs.items()), self.parts.processing_code()],
            outputs=[processing_output("evaluation", uri)],
            arguments=["evaluate", *folders, "--output-dir", OUTPUT_ROOT],
        )
        return ProcessingStep(
            "Evaluate",
            step_args=request,
            property_files=[report],
            cache_config=self.cache(),
            retry_policies=retry_policies(*JOB_FAULTS),
        )

    def register(
        self,
        given: dict[str, Any],
        output: Callable[[str], Any],
        evaluate: ProcessingStep,
        report: PropertyFile,
        model: Any,
    ) -> RegisterModelStep:
        """Register the model with its measures, its baselines and where it came from."""
        request = model_package.create_request(
            resources=self.parts.resources,
            given=given,
            model_uri=model,
            evaluation_uri=_outputs_of(evaluate)("evaluation"),
            baseline_uri=output("baseline"),
            measure=lambda path: JsonGet(step_name="Evaluate", property_file=report, json_path=path),
        )
        return RegisterModelStep("RegisterModel", request, retry_policies=retry_policies())

    def quality_gate(
        self, given: dict[str, Any], evaluate: ProcessingStep, report: PropertyFile, register: RegisterModelStep
    ) -> ConditionStep:
        """Let a model pass which is good enough, and not worse than the champion beyond noise."""
        auc, log_loss, worse = (
            JsonGet(step_name=evaluate.name, property_file=report, json_path=f"gate.{name}")
            for name in ("auc", "log_loss", "worse_than_champion_by")
        )
        message = [
            "The model did not pass the quality gate on the test months: ROC AUC ", auc, " (at least ",
            given["MinAuc"], "), log loss ", log_loss, " (at most ", given["MaxLogLoss"],
            "), lower bound of its log loss over the champion's ", worse, " (at most 0.0). Nothing was registered.",
        ]  # fmt: skip
        return ConditionStep(
            "QualityGate",
            conditions=[
                ConditionGreaterThanOrEqualTo(left=auc, right=given["MinAuc"]),
                ConditionLessThanOrEqualTo(left=log_loss, right=given["MaxLogLoss"]),
                ConditionLessThanOrEqualTo(left=worse, right=0.0),
            ],
            if_steps=[register],
            else_steps=[FailStep("QualityGateFailed", error_message=Join(on="", values=message))],
        )

    def channels(self, output: Callable[[str], Any]) -> list[Any]:
        """Return the channels that Tune and Train share."""
        return [
            *(self.data_channel(name, output) for name in ("train", "validation")),
            channel("specification", output("specification")),
            channel("code", self.parts.code.training.uri),
        ]

    def data_channel(self, name: str, output: Callable[[str], Any]) -> Any:
        """Return a channel of prepared data, from where the stage keeps what training reads."""
        system = self.parts.resources.file_system
        if system:
            return file_system_channel(name, system, ExecutionVariables.PIPELINE_EXECUTION_ID)
        mode = self.parts.settings.training_input_mode
        return channel(name, output(name), mode=mode, content_type=PARQUET)

    def cache(self) -> CacheConfig:
        """Return the cache rule of every step that runs a job.

        A file system holds the data of an execution in a folder of its name, where a cached step wrote nothing.
        """
        is_on = self.parts.resources.file_system is None
        return CacheConfig(enable_caching=is_on, expire_after=self.parts.settings.cache_expiry)


def _outputs_of(step: ProcessingStep) -> Callable[[str], Any]:
    """Return a function from an output's name to its S3 URI, which on a cache hit is the old execution's."""
    return lambda name: step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def _sdk_parameter(parameter: Parameter) -> ParameterString | ParameterFloat:
    if parameter.type == "Float":
        return ParameterFloat(parameter.name, default_value=float(parameter.default))
    choices = list(parameter.choices) or None
    return ParameterString(parameter.name, default_value=str(parameter.default), enum_values=choices)


def _sdk_range(span: Range) -> IntegerParameter | ContinuousParameter:
    if span.integer:
        return IntegerParameter(int(span.low), int(span.high), span.scaling)
    return ContinuousParameter(span.low, span.high, span.scaling)


def _digest(hyperparameters: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hyperparameters, sort_keys=True).encode()).hexdigest()[:12]
