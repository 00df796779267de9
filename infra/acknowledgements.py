"""Accept findings of the scanners, each with a reason. A finding without a row fails the gate; so does a stale row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Finding:
    """What a scanner found.

    Attributes:
        rule: The rule's id, without what stands in brackets.
        detail: What stands in brackets: the resource of an IAM5 finding.
        place: The construct's path, or the template.
    """

    rule: str
    detail: str
    place: str

    def __str__(self) -> str:
        """Return the finding as the gate prints it."""
        return f"{self.rule}[{self.detail}] at {self.place}"


@dataclass(frozen=True)
class Acknowledgement:
    """Findings that are accepted; `*` in a pattern is any text."""

    rule: str
    reason: str
    place: str = "*"
    detail: str = "*"

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is accepted by this row."""
        pairs = ((finding.rule, self.rule), (finding.place, self.place), (finding.detail, self.detail))
        return all(fnmatchcase(text, pattern) for text, pattern in pairs)


_IAM5 = "AwsSolutions-IAM5"
_BOUNDARY = "A boundary grants nothing: it is the ceiling, and the roles' own policies name resources below it."
_GENERATED = "CloudFormation makes the name up; what the stage's stacks make begins with the stage's prefix."
_NO_RESOURCE_LEVEL = "These actions have no resource level; conditions narrow them where there are keys."
_OBJECTS = "Objects below one prefix of one bucket; their names are not known before."
_JOB_NAMES = "SageMaker makes the names of a pipeline's jobs; conditions tie them to our network and key."

ACKNOWLEDGEMENTS: Sequence[Acknowledgement] = (
    Acknowledgement(_IAM5, _BOUNDARY, place="*-Delivery/*Boundary/Resource"),
    Acknowledgement(_IAM5, _GENERATED, place="*-Delivery/Execution*", detail="*flight-delay*"),
    Acknowledgement(_IAM5, _GENERATED, place="*-Delivery/Execution*", detail="*FlightDelay-*"),
    Acknowledgement(_IAM5, _GENERATED, place="*-Delivery/Execution*", detail="*:::flightdelay-*"),
    Acknowledgement(_IAM5, "All that is in the platform's own database.", detail="*:*/flight_delay_*/[*]"),
    Acknowledgement(
        _IAM5, "A key's ARN is not known before it is made; its stage tag is.", "*-Delivery/Execution*", "*:key/[*]"
    ),
    Acknowledgement(_IAM5, _NO_RESOURCE_LEVEL, place="*-Delivery/Execution*", detail="Resource::[*]"),
    Acknowledgement(
        _IAM5,
        "SageMaker's own log groups: their names are SageMaker's.",
        "*-Delivery/*",
        "*:log-group:/aws/sagemaker/[*]",
    ),
    Acknowledgement(
        _IAM5,
        "A scalable target's id is made up; the condition names SageMaker.",
        "*-Delivery/Execution*",
        "*:scalable-target/[*]",
    ),
    Acknowledgement(_IAM5, "A file system's id is made up, and so is its link's.", "*-Delivery/*", "*:file-system/[*]"),
    Acknowledgement(_IAM5, "A file system's id is made up, and so is its link's.", "*-Delivery/*", "*:association/[*]"),
    Acknowledgement(
        "*-EFSInBackupPlan",
        "Automatic backups are on, by the file system's own policy; the rule looks for a plan of AWS Backup.",
        place="*-Storage/*",
    ),
    Acknowledgement(_IAM5, "AWS names the role that it makes for its service.", detail="*:role/aws-service-role/*"),
    Acknowledgement(
        _IAM5, "CloudFormation makes a job definition's name up.", "*-Delivery/Execution*", "*-job-definition/[*]"
    ),
    Acknowledgement(_IAM5, "The budget's name is made up without a prefix.", "*-Delivery/*", "*:budget/[*]"),
    Acknowledgement(
        _IAM5, "Stacks end in an id that CloudFormation makes up.", "*-Delivery/*", "*:stack/FlightDelay-*"
    ),
    Acknowledgement(_IAM5, _NO_RESOURCE_LEVEL, place="*-Delivery/PlanPermissions/*", detail="Resource::[*]"),
    Acknowledgement(
        _IAM5,
        "Executions of the one pipeline; their ids are made up.",
        "*-Delivery/RunPermissions/*",
        "*/execution/[*]",
    ),
    Acknowledgement(_IAM5, "Versions of the one model group.", detail="*:model-package/flight-delay/[*]"),
    Acknowledgement(
        _IAM5,
        "EC2 network interfaces, ECR log-in and metrics. SageMaker's check of a job fails if the EC2 actions have a "
        "resource or condition (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html).",
        place="*-Training/Permissions/*",
        detail="Resource::[*]",
    ),
    Acknowledgement(_IAM5, _OBJECTS, place="*-Training/Permissions/*", detail="Resource::FlightDelay-*-Lake:*/[*]"),
    Acknowledgement(_IAM5, _OBJECTS, place="*-Release/Permissions/*", detail="Resource::FlightDelay-*-Lake:*/[*]"),
    Acknowledgement(
        _IAM5,
        "EC2 network interfaces, ECR log-in, metrics, lists, delivery of logs and traces: none has a resource level "
        "that can be used (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html, sagemaker-roles.html).",
        place="*-Release/Permissions/*",
        detail="Resource::[*]",
    ),
    Acknowledgement(
        _IAM5, "A scalable target's id is made up; a condition ties it to SageMaker.", detail="*:scalable-target/[*]"
    ),
    Acknowledgement(_IAM5, _GENERATED, place="*-Release/Permissions/*", detail="*:alarm:FlightDelay-*-Release-[*]"),
    Acknowledgement(
        _IAM5,
        "The workflow names configurations by content and judges by experiment, each with a prefix of its own.",
        place="*-Release/Permissions/*",
        detail="*:sagemaker:*-[*]",
    ),
    Acknowledgement(
        _IAM5,
        "Models are named by version and content.",
        "*-Release/Permissions/Hosting/*",
        "*:model/flight-delay-*-v[*]",
    ),
    Acknowledgement(_IAM5, "Log streams of one endpoint, or one kind of job.", "*-Release/*", "*:log-group:*:[*]"),
    Acknowledgement(
        "AwsSolutions-SQS3", "It is the dead-letter queue, of a rule's target.", place="*-Release/*/Lost/*"
    ),
    Acknowledgement(
        "*-CloudWatchAlarmAction",
        "People are called by the composite alarm over all of them, one page instead of eight; EventBridge starts the "
        "withdrawal from their state changes, and SageMaker rolls back by them.",
        place="*-Release/Ch*",
    ),
    Acknowledgement(_IAM5, "Log streams of one kind of job.", place="*-Training/*", detail="*:log-group:*Jobs:[*]"),
    Acknowledgement(_IAM5, _JOB_NAMES, place="*-Training/Permissions/Pipeline/*", detail="*-job/[*]"),
    Acknowledgement(_IAM5, _OBJECTS, place="*-Monitoring/Permissions/*", detail="Resource::FlightDelay-*-Lake:*/[*]"),
    Acknowledgement(
        _IAM5,
        "Markers and pointers: variant and day stand between the prefix and the object's name.",
        place="*-Monitoring/Permissions/Monitoring/*",
        detail="Resource::FlightDelay-*-Lake:*/[*]/*",
    ),
    Acknowledgement(
        _IAM5,
        "EC2 network interfaces, ECR log-in, metrics, delivery of logs and traces: none has a resource level that can "
        "be used (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html, sagemaker-roles.html).",
        place="*-Monitoring/Permissions/*",
        detail="Resource::[*]",
    ),
    Acknowledgement(
        _IAM5,
        "The workflow names its jobs by variant, day and a number of its own; configurations and models are named by "
        "version and content.",
        place="*-Monitoring/Permissions/Monitoring/*",
        detail="*:sagemaker:*-*[*]",
    ),
    Acknowledgement(
        _IAM5,
        "Executions of the one state machine; Step Functions makes their names up.",
        place="*-Monitoring/Permissions/Retraining/*",
        detail="*:execution:*-retrain:[*]",
    ),
    Acknowledgement(_IAM5, "Log streams of one kind of job.", place="*-Monitoring/*", detail="*:log-group:*Jobs:[*]"),
    Acknowledgement(
        "AwsSolutions-SQS3", "It is the dead-letter queue, of a rule's target.", place="*-Monitoring/*/Lost/*"
    ),
    Acknowledgement(
        "*-CloudWatchAlarmAction",
        "People are called by the composite alarm over all of them: that monitoring does not work is one message.",
        place="*-Monitoring/Ch*",
    ),
    Acknowledgement(_IAM5, _OBJECTS, place="*-Scoring/Permissions/*", detail="Resource::FlightDelay-*-Lake:*/[*]"),
    Acknowledgement(
        _IAM5,
        "The day stands between the prefix and the summary's name.",
        place="*-Scoring/Permissions/Scoring/*",
        detail="*/scoring/[*]/summary.json",
    ),
    Acknowledgement(
        _IAM5,
        "EC2 network interfaces, ECR log-in, metrics, delivery of logs and traces: none has a resource level that can "
        "be used (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html, sagemaker-roles.html).",
        place="*-Scoring/Permissions/*",
        detail="Resource::[*]",
    ),
    Acknowledgement(
        _IAM5,
        "The workflow names its jobs by day and a number of its own, each kind with a prefix; configurations are named "
        "by content.",
        place="*-Scoring/Permissions/*",
        detail="*:sagemaker:*-[*]",
    ),
    Acknowledgement(_IAM5, "Log streams of one kind of job.", place="*-Scoring/*", detail="*:log-group:*Jobs:[*]"),
    Acknowledgement(
        "*-VPCDefaultSecurityGroupClosed",
        "The rule fires on every VPC. Emptying the default group takes a Lambda function with EC2 rights as a custom "
        "resource; nothing is ever put into that group.",
    ),
    Acknowledgement(
        "*-S3BucketReplicationEnabled",
        "Raw data can be landed again from its source and the rest be computed from it; versions guard against "
        "mistakes. A second copy in a second region is a decision for a team with a recovery objective.",
    ),
    Acknowledgement(
        "*-S3DefaultEncryptionKMS",
        "S3 delivers access logs only to buckets with SSE-S3 by default "
        "(https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html).",
        place="*-Lake/Logs/Resource",
    ),
    Acknowledgement(
        "*-CloudTrailCloudWatchLogsEnabled",
        "The trail lies encrypted and validated in S3, where Athena reads it; a second copy in CloudWatch Logs costs "
        "per GB and nobody alarms on it.",
    ),
    Acknowledgement(
        "W6001",
        "The output `Resources` gathers what other stacks export, so that the command line reads one output of one "
        "stack instead of five stacks.",
        place="*-Training",
    ),
    Acknowledgement("W6001", "As for Training: one output tells the command line all it needs.", place="*-Release"),
    Acknowledgement("W6001", "As for Training: one output tells the command line all it needs.", place="*-Scoring"),
    Acknowledgement("W6001", "As for Training: one output tells the command line all it needs.", place="*-Monitoring"),
)


_ENI = (
    "EC2 network interfaces: SageMaker's check of a job fails if these actions have a resource or condition "
    "(https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html)."
)

CHECKOV_ACKNOWLEDGEMENTS: Sequence[Acknowledgement] = (
    Acknowledgement("CKV_AWS_109", _ENI, place="*-Training/*Permissions*"),
    Acknowledgement("CKV_AWS_111", _ENI, place="*-Training/*Permissions*"),
    Acknowledgement("CKV_AWS_109", _ENI, place="*-Release/*Permissions*"),
    Acknowledgement("CKV_AWS_111", _ENI, place="*-Release/*Permissions*"),
    Acknowledgement("CKV_AWS_109", _ENI, place="*-Monitoring/*Permissions*"),
    Acknowledgement("CKV_AWS_111", _ENI, place="*-Monitoring/*Permissions*"),
    Acknowledgement("CKV_AWS_109", _ENI, place="*-Scoring/*Permissions*"),
    Acknowledgement("CKV_AWS_111", _ENI, place="*-Scoring/*Permissions*"),
    Acknowledgement(
        "CKV_AWS_27",
        "SQS encrypts it with a key of its own. Events name packages and alarms, nothing else; a key of ours "
        "would have to let all of EventBridge use it.",
        place="*-Release/*Lost*",
    ),
    Acknowledgement("CKV_AWS_27", "As in Release: events name alarms, nothing else.", place="*-Monitoring/*Lost*"),
    Acknowledgement("CKV_AWS_109", _BOUNDARY, place="*-Delivery/*Boundary*"),
    Acknowledgement("CKV_AWS_111", _BOUNDARY, place="*-Delivery/*Boundary*"),
    Acknowledgement(
        "CKV_AWS_18", "The bucket that the others log to; logging it to itself never ends.", place="*-Lake/*Logs*"
    ),
)


def unacknowledged(findings: Sequence[Finding], rows: Sequence[Acknowledgement] = ACKNOWLEDGEMENTS) -> list[Finding]:
    """Return the findings that no row accepts."""
    return [finding for finding in findings if not any(row.covers(finding) for row in rows)]


def stale(findings: Sequence[Finding], rows: Sequence[Acknowledgement] = ACKNOWLEDGEMENTS) -> Iterator[Acknowledgement]:
    """Yield the rows that accept nothing any more: what they excused is gone, and they must go too."""
    for row in rows:
        if not any(row.covers(finding) for finding in findings):
            yield row
