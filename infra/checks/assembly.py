"""Read synthesised templates and resolve what CloudFormation would: names, ARNs, imports; made-up names, offline."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
_NAME_PROPERTIES = {
    "AWS::Athena::WorkGroup": "Name",
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupName",
    "AWS::SageMaker::MonitoringSchedule": "MonitoringScheduleName",
    "AWS::SageMaker::Pipeline": "PipelineName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
_ARNS = {
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudWatch::CompositeAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudTrail::Trail": "cloudtrail:{region}:{account}:trail/{name}",
    "AWS::EFS::FileSystem": "elasticfilesystem:{region}:{account}:file-system/{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::IAM::OIDCProvider": "iam::{account}:oidc-provider/token.actions.githubusercontent.com",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SageMaker::DataQualityJobDefinition": "sagemaker:{region}:{account}:data-quality-job-definition/{name}",
    "AWS::SageMaker::ModelBiasJobDefinition": "sagemaker:{region}:{account}:model-bias-job-definition/{name}",
    "AWS::SageMaker::ModelExplainabilityJobDefinition": (
        "sagemaker:{region}:{account}:model-explainability-job-definition/{name}"
    ),
    "AWS::SageMaker::ModelQualityJobDefinition": "sagemaker:{region}:{account}:model-quality-job-definition/{name}",
    "AWS::SageMaker::MonitoringSchedule": "sagemaker:{region}:{account}:monitoring-schedule/{name}",
    "AWS::SageMaker::Pipeline": "sagemaker:{region}:{account}:pipeline/{name}",
    "AWS::Scheduler::ScheduleGroup": "scheduler:{region}:{account}:schedule-group/{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
_REF_IS_ARN = {
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}


@dataclass(frozen=True)
class Resource:
    """One resource of a template, its properties resolved."""

    stack: str
    logical_id: str
    type: str
    properties: dict[str, Any]
    raw: dict[str, Any]

    @property
    def address(self) -> str:
        """Return where to look for it."""
        return f"{self.stack}/{self.logical_id}"


class Assembly:
    """All templates of a stage.

    Attributes:
        templates: Stack name → template.
    """

    def __init__(self, templates: dict[str, dict[str, Any]]) -> None:
        self.templates = templates
        self._exports = {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    @classmethod
    def read(cls, folder: Path) -> "Assembly":
        """Read a synthesised cloud assembly."""
        files = sorted(folder.glob("*.template.json"))
        return cls({file.name.removesuffix(".template.json"): json.loads(file.read_text()) for file in files})

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of some types, or all."""
        for stack, template in self.templates.items():
            for logical_id, raw in template.get("Resources", {}).items():
                if not types or raw["Type"] in types:
                    properties = self.resolve(stack, raw.get("Properties", {}))
                    yield Resource(stack, logical_id, raw["Type"], properties, raw)

    def arn(self, stack: str, logical_id: str) -> str:
        """Return the ARN a resource would have."""
        kind = self.templates[stack]["Resources"][logical_id]["Type"]
        pattern = _ARNS.get(kind, "unknown:{region}:{account}:{name}")
        return "arn:aws:" + pattern.format(region=REGION, account=ACCOUNT, name=self.name(stack, logical_id))

    def name(self, stack: str, logical_id: str) -> str:
        """Return the name CloudFormation would make up, or the one that is given."""
        resource = self.templates[stack]["Resources"][logical_id]
        given: Any = resource.get("Properties", {})
        for part in _NAME_PROPERTIES.get(resource["Type"], "").split("."):
            given = given.get(part) if isinstance(given, dict) else None
        made_up = f"{stack}-{logical_id}"
        if given is None and resource["Type"] == "AWS::S3::Bucket":
            return made_up.lower()
        return str(self.resolve(stack, given)) if given is not None else made_up

    def resolve(self, stack: str, value: Any) -> Any:
        """Return a value with every intrinsic function replaced by what it would give."""
        if isinstance(value, list):
            return [self.resolve(stack, item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), *_ = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(stack, function, argument)
        return {key: self.resolve(stack, item) for key, item in value.items()}

    def _call(self, stack: str, function: str, argument: Any) -> Any:
        functions: dict[str, Callable[[], Any]] = {
            "Ref": lambda: self._ref(stack, argument),
            "Fn::GetAtt": lambda: self._attribute(stack, *argument),
            "Fn::Join": lambda: argument[0].join(str(self.resolve(stack, part)) for part in argument[1]),
            "Fn::ImportValue": lambda: self.resolve(*self._exports[self.resolve(stack, argument)]),
            "Fn::Select": lambda: self.resolve(stack, argument[1])[int(argument[0])],
            "Fn::Split": lambda: self.resolve(stack, argument[1]).split(argument[0]),
            "Fn::Sub": lambda: re.sub(r"\$\{([^}]+)\}", lambda name: str(self._ref(stack, name.group(1))), argument),
            "Fn::GetAZs": lambda: [f"{REGION}{letter}" for letter in "abcdef"],
        }
        if function not in functions:
            raise ValueError(f"{stack}: {function} is not resolved here; add it to infra/checks/assembly.py")
        return functions[function]()

    def _ref(self, stack: str, target: str) -> Any:
        if target == "AWS::StackName":
            return stack
        if target in _PSEUDO:
            return _PSEUDO[target]
        template = self.templates[stack]
        if target in template.get("Parameters", {}):
            return template["Parameters"][target].get("Default")
        is_arn = template["Resources"][target]["Type"] in _REF_IS_ARN
        return self.arn(stack, target) if is_arn else self.name(stack, target)

    def _attribute(self, stack: str, logical_id: str, attribute: str) -> str:
        if attribute in ("Arn", "JobDefinitionArn", "MonitoringScheduleArn", "TopicArn"):
            return self.arn(stack, logical_id)
        return f"{self.name(stack, logical_id)}.{attribute}"
