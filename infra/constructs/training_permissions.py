"""Say what the training pipeline's roles may do: one managed policy per role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.job_role import permit
from infra.names import arn
from infra.policies import (
    allow,
    attach_to_vpc,
    isolated_job,
    publish_metrics,
    pull_image,
    read_objects,
    write_logs,
    write_objects,
)
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from pipelines.images import ACCOUNT_BY_REGION, REPOSITORY
from pipelines.names import PIPELINE_NAME
from pipelines.resources import Network

_MODELS = ("tuning/", "training/", "checkpoints/")
_JOB_KINDS = {
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
}


@dataclass(frozen=True)
class Surroundings:
    """What the permissions speak of besides the lake.

    Attributes:
        code_arns: Bundle → ARN of its object.
        network: Where jobs run, and nowhere else.
        model_package_group: Where the pipeline registers.
        image_region: Region whose managed image jobs pull.
    """

    code_arns: Mapping[str, str]
    network: Network
    model_package_group: str
    image_region: str


class TrainingPermissions(Construct):
    """Permissions of processing, training and evaluation jobs, and of the pipeline that starts them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        roles: IdentitiesStack,
        lake: LakeStack,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._lake, self._around = lake, surroundings
        code = surroundings.code_arns
        curated = read_objects("Curated", lake.curated.bucket_arn, f"{PIPELINE_NAME}/")
        self._permit_job(
            roles.processing,
            "ProcessingJobs",
            code["processing"],
            [
                *read_objects("Raw", lake.raw.bucket_arn, ""),
                write_objects("Curated", lake.curated.bucket_arn, f"{PIPELINE_NAME}/"),
            ],
        )
        self._permit_job(
            roles.training,
            "TrainingJobs",
            code["training"],
            [
                *curated,
                *read_objects("Models", lake.artifacts.bucket_arn, "tuning/", "checkpoints/"),
                write_objects("Models", lake.artifacts.bucket_arn, *_MODELS),
            ],
        )
        self._permit_job(
            roles.evaluation,
            "ProcessingJobs",
            code["processing"],
            [
                *curated,
                *read_objects("Models", lake.artifacts.bucket_arn, "tuning/", "training/", "champion/"),
                write_objects("Evaluation", lake.artifacts.bucket_arn, "evaluations/"),
            ],
        )
        job_roles = [role.role_arn for role in (roles.processing, roles.training, roles.evaluation)]
        permit(self, "Pipeline", roles.pipeline, [*self._jobs(job_roles), *self._registry(), *self._reports()])

    def _permit_job(
        self, role: iam.Role, log_group: str, code_arn: str, statements: Sequence[iam.PolicyStatement]
    ) -> None:
        stack, region = Stack.of(self), self._around.image_region
        code_bucket, code_key = code_arn.split("/", 1)
        common = [
            allow("CodeRead", ["s3:GetObject"], [code_arn]),
            allow("CodeList", ["s3:ListBucket"], [code_bucket], {"StringEquals": {"s3:prefix": code_key}}),
            attach_to_vpc(),
            write_logs(stack.region, stack.account, log_group),
            publish_metrics("/aws/sagemaker/*"),
            *pull_image(region, ACCOUNT_BY_REGION[region], REPOSITORY),
        ]
        permit(self, role.node.id, role, [*statements, *common])

    def _jobs(self, job_roles: Sequence[str]) -> list[iam.PolicyStatement]:
        jobs = {kind: arn(self, "sagemaker", f"{resource}/*") for kind, resource in _JOB_KINDS.items()}
        network = self._around.network
        inside = isolated_job(network.subnets, network.security_groups, self._lake.data_key.key_arn)
        verbs = [f"sagemaker:{verb}{kind}" for verb in ("Describe", "Stop") for kind in _JOB_KINDS]
        creations = [f"Create{kind}" for kind in _JOB_KINDS]
        return [
            *(allow(f"Create{kind}", [f"sagemaker:Create{kind}"], [jobs[kind]], inside) for kind in _JOB_KINDS),
            allow("FollowJobs", [*verbs, "sagemaker:ListTrainingJobsForHyperParameterTuningJob"], list(jobs.values())),
            _tag_while("TagJobs", list(jobs.values()), creations),
            allow(
                "PassJobRoles",
                ["iam:PassRole"],
                job_roles,
                {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
        ]

    def _registry(self) -> list[iam.PolicyStatement]:
        group = self._around.model_package_group
        packages = arn(self, "sagemaker", f"model-package/{group}/*")
        pending = {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}
        return [
            allow("RegisterPending", ["sagemaker:CreateModelPackage"], [packages], pending),
            _tag_while("TagPackages", [packages], ["CreateModelPackage"]),
            allow("ReadPackages", ["sagemaker:DescribeModelPackage"], [packages]),
            allow(
                "ReadGroup",
                ["sagemaker:DescribeModelPackageGroup"],
                [arn(self, "sagemaker", f"model-package-group/{group}")],
            ),
        ]

    def _reports(self) -> list[iam.PolicyStatement]:
        """The condition step reads its numbers under the pipeline's role, and from outside the VPC."""
        return read_objects("Evaluation", self._lake.artifacts.bucket_arn, "evaluations/")


def _tag_while(sid: str, resources: Sequence[str], creations: Sequence[str]) -> iam.PolicyStatement:
    """Allow to tag what is being created, and nothing that exists."""
    return allow(sid, ["sagemaker:AddTags"], resources, {"StringEquals": {"sagemaker:TaggingAction": list(creations)}})
