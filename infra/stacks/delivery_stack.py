"""Deploy what delivers the platform: GitHub's roles, CloudFormation's permissions, the boundaries.

An administrator deploys this stack once per account, before `cdk bootstrap`, which takes its execution policies. It
needs no bootstrap itself (hence the legacy synthesizer: the bootstrapless one still names the bootstrap's roles), and
nothing that it grants can change it.
"""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnOutput, Fn, LegacyStackSynthesizer
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.boundaries import machine_boundary, release_boundary, work_boundary
from infra.constructs.github_role import AUDIENCE, ISSUER, GitHubRole
from infra.constructs.job_role import permit
from infra.execution_policy import execution_policies
from infra.names import arn, iam_arn
from infra.policies import allow
from infra.settings import Stage
from infra.stacks.platform_stack import PlatformStack
from pipelines.names import PIPELINE_NAME
from pipelines.resources import PROJECT

_DEPLOYERS = ("deploy", "file-publishing", "lookup")


class DeliveryStack(PlatformStack):
    """GitHub's OIDC provider and roles, the execution policies and the permissions boundary.

    Attributes:
        boundary: For every role of the other stacks but those of state machines.
        release_boundary: For the role of the release workflow.
        machine_boundary: For the roles of the other state machines.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, **more: Any) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            is_stateful=True,
            synthesizer=LegacyStackSynthesizer(),
            # Deployed before there is a bucket to upload to: the CLI passes 50 KiB inline, and no more.
            suppress_template_indentation=True,
            **more,
        )
        self.boundary = iam.ManagedPolicy(self, "Boundary", statements=work_boundary(self, stage))
        self.release_boundary = iam.ManagedPolicy(self, "ReleaseBoundary", statements=release_boundary(self, stage))
        self.machine_boundary = iam.ManagedPolicy(self, "MachineBoundary", statements=machine_boundary(self, stage))
        self._provider_arn = self._provider()
        self._ci_boundary = iam.ManagedPolicy(
            self, "WorkflowBoundary", statements=[*self._planning(), *self._deploying(), *self._running()]
        )
        main = "ref:refs/heads/main"
        self._role("Plan", "Compares the code with what is deployed", ["pull_request", main], self._planning())
        self._role("Deploy", "Deploys through the CDK's roles", [f"environment:{stage.name}"], self._deploying())
        self._role(
            "Run", "Starts and follows the training pipeline", [f"environment:{stage.name}-run"], self._running()
        )
        parts = execution_policies(self, stage, [self.boundary, self.release_boundary, self.machine_boundary])
        made = [iam.ManagedPolicy(self, name, statements=list(part)) for name, part in parts.items()]
        arns = Fn.join(",", [policy.managed_policy_arn for policy in made])
        CfnOutput(self, "ExecutionPolicies", value=arns)
        CfnOutput(self, "BoundaryArn", value=self.boundary.managed_policy_arn)

    def _provider(self) -> str:
        if not self.stage.github.creates_provider:
            return iam_arn(self, f"oidc-provider/{ISSUER}")
        provider = iam.OidcProviderNative(self, "GitHub", url=f"https://{ISSUER}", client_ids=[AUDIENCE])
        return provider.oidc_provider_arn

    def _role(
        self, construct_id: str, description: str, subjects: Sequence[str], statements: Sequence[iam.PolicyStatement]
    ) -> None:
        github = self.stage.github
        role = GitHubRole(
            self,
            construct_id,
            provider_arn=self._provider_arn,
            repository=f"{github.owner}/{github.repository}",
            subjects=subjects,
            description=description,
            boundary=self._ci_boundary,
        )
        permit(self, f"{construct_id}Permissions", role, statements)
        CfnOutput(self, f"{construct_id}RoleArn", value=role.role_arn)

    def _planning(self) -> list[iam.PolicyStatement]:
        """The look-up role reads what a diff needs; it cannot decrypt."""
        actions = (
            "DescribeStackEvents",
            "DescribeStackResourceDrifts",
            "DescribeStacks",
            "DetectStackDrift",
            "GetTemplate",
            "ListStackResources",
        )
        return [
            self._assume("AssumeLookup", "lookup"),
            allow("ReadStacks", [f"cloudformation:{action}" for action in actions], [self._stacks]),
            allow("FollowDriftDetection", ["cloudformation:DescribeStackDriftDetectionStatus"], ["*"]),
        ]

    def _deploying(self) -> list[iam.PolicyStatement]:
        """What CDK's own roles do not do: see first whether there is anything to deploy.

        This stack itself is not theirs to change: an administrator deploys it.
        """
        bootstrap = arn(self, "ssm", f"parameter/cdk-bootstrap/{self.stage.qualifier}/version")
        return [
            self._assume("AssumeDeployers", *_DEPLOYERS),
            allow("CompareStacks", ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"], [self._stacks]),
            allow("ReadBootstrapVersion", ["ssm:GetParameter"], [bootstrap]),
        ]

    def _running(self) -> list[iam.PolicyStatement]:
        pipeline = arn(self, "sagemaker", f"pipeline/{PIPELINE_NAME}")
        return [
            allow("StartPipeline", ["sagemaker:DescribePipeline", "sagemaker:StartPipelineExecution"], [pipeline]),
            allow(
                "FollowExecutions",
                ["sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutionSteps"],
                [f"{pipeline}/execution/*"],
            ),
            allow(
                "ReadRegisteredModels",
                ["sagemaker:DescribeModelPackage"],
                [arn(self, "sagemaker", f"model-package/{PROJECT}/*")],
            ),
            allow("ReadOutputs", ["cloudformation:DescribeStacks"], [self._stacks]),
        ]

    @property
    def _stacks(self) -> str:
        return arn(self, "cloudformation", f"stack/{self.stage.prefix}-*/*")

    def _assume(self, sid: str, *uses: str) -> iam.PolicyStatement:
        names = [f"cdk-{self.stage.qualifier}-{use}-role-{self.account}-{self.region}" for use in uses]
        return allow(sid, ["sts:AssumeRole"], [iam_arn(self, f"role/{name}") for name in names])
