"""Who may do what: a matrix of roles, actions, resources and contexts, decided by the evaluator of the local AWS.

Each row is decided under everything that applies: the role's own policy, its boundary, the bucket's or key's policy and
the S3 endpoint's policy.
"""

import pytest

from infra.checks.policies import endpoint_document, resource_documents, roles
from local_aws.iam.evaluator import Policies, Request, evaluate

ACCOUNT, REGION = "123456789012", "us-east-1"
JOB = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


class Judge:
    """Answers whether a role may do something, in the words of the platform: zones, keys, jobs."""

    def __init__(self, assembly):
        self._assembly = assembly
        self._roles = roles(assembly)
        self._protected = resource_documents(assembly)
        self._endpoint = endpoint_document(assembly)
        self.keys = self._arns("AWS::KMS::Key")
        self._buckets = self._arns("AWS::S3::Bucket")

    def _arns(self, kind):
        found = self._assembly.resources(kind)
        return {r.logical_id[:-8]: self._assembly.arn(r.stack, r.logical_id) for r in found}

    def role_arn(self, role):
        return self._roles[role].arn

    def verdict(self, role, action, resource, *, protected_by=None, through_endpoint=False, **context):
        found = self._roles[role]
        names = {
            "aws:PrincipalArn": found.arn,
            "aws:ResourceAccount": ACCOUNT,
            "aws:RequestedRegion": REGION,
            "kms:CallerAccount": ACCOUNT,
            **{key.replace("__", ":"): value for key, value in context.items()},
        }
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{found.name}/session"
        policies = Policies(
            identity=found.identity,
            boundary=found.boundary,
            resource=self._protected.get(protected_by),
            endpoint=self._endpoint if through_endpoint else None,
            resource_policy_required=action.startswith("kms:"),
        )
        return evaluate(Request(found.arn, session, action, resource, names), policies)

    def may(self, role, action, resource, **more):
        return self.verdict(role, action, resource, **more).is_allowed

    def may_object(self, role, action, zone, key, **headers):
        bucket = self._buckets[zone]
        context = {"aws__SecureTransport": "true", "s3__TlsVersion": "1.3", **headers}
        return self.may(role, f"s3:{action}", f"{bucket}/{key}", protected_by=bucket, through_endpoint=True, **context)

    def may_list(self, role, zone, prefix):
        bucket, secure = self._buckets[zone], {"aws__SecureTransport": "true", "s3__TlsVersion": "1.3"}
        return self.may(
            role, "s3:ListBucket", bucket, protected_by=bucket, through_endpoint=True, s3__prefix=prefix, **secure
        )

    def may_use_key(self, role, action, key, *, via="s3", **context):
        arn = self.keys[key]
        service = {"kms__ViaService": f"{via}.{REGION}.amazonaws.com"} if via else {}
        return self.may(role, f"kms:{action}", arn, protected_by=arn, **service, **context)

    def inside(self, **changes):
        """The context of creating a job as the pipeline defines it, with changes; None leaves a key out."""
        subnets = list(self._assembly.resources("AWS::EC2::Subnet"))
        group = next(self._assembly.resources("AWS::EC2::SecurityGroup"))
        context = {
            "sagemaker__VpcSubnets": [self._assembly.name(s.stack, s.logical_id) for s in subnets],
            "sagemaker__VpcSecurityGroupIds": [f"{self._assembly.name(group.stack, group.logical_id)}.GroupId"],
            "sagemaker__NetworkIsolation": "true",
            "sagemaker__InterContainerTrafficEncryption": "true",
            "sagemaker__VolumeKmsKeyArn": self.keys["DataKey"],
        }
        changed = {**context, **{f"sagemaker__{name}": value for name, value in changes.items()}}
        return {key: value for key, value in changed.items() if value is not None}


@pytest.fixture(scope="module")
def judge(synthesised):
    return Judge(synthesised)


PROCESSING, TRAINING = "Identities/Processing", "Identities/Training"
EVALUATION, PIPELINE = "Identities/Evaluation", "Identities/Pipeline"
JOB_ROLES = (PROCESSING, TRAINING, EVALUATION)
EVERYBODY = (*JOB_ROLES, PIPELINE, "Delivery/Run", "Delivery/Plan", "Delivery/Deploy")
DATA = "flight-delay-training/execution/train/part.parquet"

# Zone and object → who reads it, who writes it; nobody else does either.
OBJECTS = {
    ("Raw", "nycflights13/flights/f.parquet"): ({PROCESSING}, set()),
    ("Curated", DATA): ({TRAINING, EVALUATION}, {PROCESSING}),
    ("Curated", "query-results/1.csv"): (set(), set()),
    ("Artifacts", "tuning/job/output/model.tar.gz"): ({TRAINING, EVALUATION}, {TRAINING}),
    ("Artifacts", "training/job/output/model.tar.gz"): ({EVALUATION}, {TRAINING}),
    ("Artifacts", "checkpoints/job/1"): ({TRAINING}, {TRAINING}),
    ("Artifacts", "evaluations/execution/evaluation/evaluation.json"): ({PIPELINE}, {EVALUATION}),
    ("Artifacts", "champion/model.tar.gz"): ({EVALUATION}, set()),
    ("Artifacts", "elsewhere/x"): (set(), set()),
    ("Capture", "endpoint/champion/1.jsonl"): (set(), set()),
    ("Logs", "cloudtrail/1.json.gz"): (set(), set()),
}
# Key → who decrypts through S3, who encrypts through S3, who lets AWS attach volumes.
KEYS = {
    "DataKey": ({PROCESSING, TRAINING, EVALUATION}, {PROCESSING}, {*JOB_ROLES, PIPELINE}),
    "ModelKey": ({TRAINING, EVALUATION, PIPELINE}, {TRAINING, EVALUATION}, set()),
    "CaptureKey": (set(), set(), set()),
    "AuditKey": (set(), set(), set()),
    "OperationsKey": (set(), set(), set()),
}


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("place", OBJECTS, ids="/".join)
def test_objects_are_read_and_written_by_whom_the_table_names(place, role, judge):
    readers, writers = OBJECTS[place]

    assert judge.may_object(role, "GetObject", *place) == (role in readers)
    assert judge.may_object(role, "PutObject", *place) == (role in writers)
    assert not judge.may_object(role, "DeleteObject", *place)


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("key", KEYS)
def test_keys_are_used_by_whom_the_table_names(key, role, judge):
    readers, writers, volumes = KEYS[key]

    assert judge.may_use_key(role, "Decrypt", key) == (role in readers)
    assert judge.may_use_key(role, "GenerateDataKey", key) == (role in writers)
    assert judge.may_use_key(role, "CreateGrant", key, via=None, kms__GrantIsForAWSResource="true") == (role in volumes)


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("key", KEYS)
def test_no_role_uses_a_key_by_itself(key, role, judge):
    assert not judge.may_use_key(role, "Decrypt", key, via=None)
    assert not judge.may_use_key(role, "GenerateDataKey", key, via=None)
    assert not judge.may_use_key(role, "CreateGrant", key, via=None, kms__GrantIsForAWSResource="false")
    assert not judge.may_use_key(role, "PutKeyPolicy", key, via=None)


def test_roles_list_only_below_their_prefixes(judge):
    assert judge.may_list(TRAINING, "Curated", "flight-delay-training/x/")
    assert not judge.may_list(TRAINING, "Curated", "")
    assert not judge.may_list(TRAINING, "Raw", "nycflights13/")
    assert not judge.may_list(PIPELINE, "Artifacts", "training/")


def test_nothing_is_read_without_tls_or_by_old_tls(judge):
    raw = ("Raw", "nycflights13/flights/f.parquet")

    assert judge.may_object(PROCESSING, "GetObject", *raw)
    assert not judge.may_object(PROCESSING, "GetObject", *raw, aws__SecureTransport="false")
    assert not judge.may_object(PROCESSING, "GetObject", *raw, s3__TlsVersion="1.1")


def test_upload_may_rely_on_the_buckets_key_and_not_name_another(judge):
    header, place = "s3__x-amz-server-side-encryption-aws-kms-key-id", ("Curated", DATA)

    assert judge.may_object(PROCESSING, "PutObject", *place)
    assert judge.may_object(PROCESSING, "PutObject", *place, **{header: judge.keys["DataKey"]})
    assert not judge.may_object(PROCESSING, "PutObject", *place, **{header: judge.keys["ModelKey"]})
    assert not judge.may_object(PROCESSING, "PutObject", *place, **{"s3__x-amz-server-side-encryption": "AES256"})


def test_nothing_leaves_for_a_bucket_of_another_account(judge):
    assert not judge.may(
        TRAINING,
        "s3:PutObject",
        "arn:aws:s3:::somebody-elses/training/model.tar.gz",
        through_endpoint=True,
        aws__ResourceAccount="999999999999",
    )


CREATIONS = {
    "CreateProcessingJob": f"{JOB}:processing-job/pipelines-abc-Prepare-xyz",
    "CreateTrainingJob": f"{JOB}:training-job/pipelines-abc-Train-xyz",
    "CreateHyperParameterTuningJob": f"{JOB}:hyper-parameter-tuning-job/abc-Tune-xyz",
}


@pytest.mark.parametrize("action", CREATIONS)
def test_pipeline_creates_jobs_inside_only(action, judge):
    def may(**changes):
        return judge.may(PIPELINE, f"sagemaker:{action}", CREATIONS[action], **judge.inside(**changes))

    assert may()
    assert not may(VpcSubnets=None)
    assert not may(VpcSubnets=["subnet-of-somebody"])
    assert not may(VpcSecurityGroupIds=None)
    assert not may(NetworkIsolation="false")
    assert not may(NetworkIsolation=None)
    assert not may(InterContainerTrafficEncryption="false")
    assert not may(VolumeKmsKeyArn=None)
    assert not may(VolumeKmsKeyArn=judge.keys["ModelKey"])


@pytest.mark.parametrize("role", [role for role in EVERYBODY if role != PIPELINE])
@pytest.mark.parametrize("action", CREATIONS)
def test_nobody_else_creates_jobs(role, action, judge):
    assert not judge.may(role, f"sagemaker:{action}", CREATIONS[action], **judge.inside())


def test_pipeline_passes_job_roles_to_sagemaker_only(judge):
    def may(role, service="sagemaker.amazonaws.com"):
        return judge.may(PIPELINE, "iam:PassRole", judge.role_arn(role), iam__PassedToService=service)

    assert all(may(role) for role in JOB_ROLES)
    assert not may(PIPELINE)
    assert not may("Delivery/Deploy")
    assert not may(TRAINING, "lambda.amazonaws.com")


PACKAGE = f"{JOB}:model-package/flight-delay/7"


def test_pipeline_registers_pending_models_and_approves_none(judge):
    def may(action, status):
        return judge.may(PIPELINE, f"sagemaker:{action}", PACKAGE, sagemaker__ModelApprovalStatus=status)

    assert may("CreateModelPackage", "PendingManualApproval")
    assert not may("CreateModelPackage", "Approved")
    assert not may("UpdateModelPackage", "Approved")
    assert not judge.may(PIPELINE, "sagemaker:UpdateModelPackage", PACKAGE)


def test_pipeline_tags_only_what_it_creates(judge):
    job = CREATIONS["CreateTrainingJob"]

    assert judge.may(PIPELINE, "sagemaker:AddTags", job, sagemaker__TaggingAction="CreateTrainingJob")
    assert not judge.may(PIPELINE, "sagemaker:AddTags", job)


def test_run_role_starts_and_follows_the_one_pipeline_and_cannot_change_it(judge):
    pipeline = f"{JOB}:pipeline/flight-delay-training"

    assert judge.may("Delivery/Run", "sagemaker:StartPipelineExecution", pipeline)
    assert judge.may("Delivery/Run", "sagemaker:DescribePipelineExecution", f"{pipeline}/execution/abc")
    assert not judge.may("Delivery/Run", "sagemaker:UpdatePipeline", pipeline)
    assert not judge.may("Delivery/Run", "sagemaker:DeletePipeline", pipeline)
    assert not judge.may("Delivery/Run", "sagemaker:StartPipelineExecution", f"{JOB}:pipeline/another")
    assert not judge.may("Delivery/Run", "sagemaker:UpdateModelPackage", PACKAGE)


def test_deploy_role_assumes_the_bootstrap_roles_and_plan_role_the_reading_one(judge):
    def may(role, target):
        arn = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-{target}-role-{ACCOUNT}-{REGION}"
        return judge.may(role, "sts:AssumeRole", arn)

    assert all(may("Delivery/Deploy", target) for target in ("deploy", "file-publishing", "lookup"))
    assert may("Delivery/Plan", "lookup")
    assert not may("Delivery/Plan", "deploy")
    assert not may("Delivery/Deploy", "cfn-exec")
    assert not may("Delivery/Run", "lookup")


def test_deploy_role_compares_the_stages_own_stacks_and_reads_the_bootstrap_version(judge):
    def may(action, resource):
        return judge.may("Delivery/Deploy", action, f"arn:aws:{resource}")

    own = f"cloudformation:{REGION}:{ACCOUNT}:stack/FlightDelay-sandbox-Lake/x"
    version = f"ssm:{REGION}:{ACCOUNT}:parameter/cdk-bootstrap/hnb659fds/version"
    assert may("cloudformation:DescribeStacks", own)
    assert may("cloudformation:GetTemplate", own)
    assert may("ssm:GetParameter", version)
    assert not may("cloudformation:UpdateStack", own)
    assert not may("cloudformation:GetTemplate", own.replace("FlightDelay-sandbox-Lake", "other"))
    assert not may("ssm:GetParameter", version.replace("cdk-bootstrap", "secret"))


def test_boundary_holds_even_for_a_role_that_was_given_everything(judge):
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    role = judge._roles[TRAINING]

    def may(action, resource, **context):
        request = Request(role.arn, role.arn, action, resource, context)
        return evaluate(request, Policies(identity={"all": everything}, boundary=role.boundary)).is_allowed

    assert not may("iam:CreateRole", "*")
    assert not may("iam:AttachRolePolicy", role.arn)
    assert not may("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-deploy-role-{ACCOUNT}-{REGION}")
    assert not may("kms:PutKeyPolicy", judge.keys["DataKey"])
    assert not may("s3:GetObject", "arn:aws:s3:::other/x", **{"aws:ResourceAccount": "999999999999"})
    assert not may("sagemaker:UpdatePipeline", f"{JOB}:pipeline/flight-delay-training")
    assert not may("sagemaker:UpdateModelPackage", PACKAGE)


@pytest.mark.parametrize("key", ["DataKey", "ModelKey", "CaptureKey"])
def test_operator_uses_keys_through_s3_where_his_own_policy_says_so(key, judge):
    arn, me = judge.keys[key], f"arn:aws:iam::{ACCOUNT}:role/somebody"
    allowed = {"own": {"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}}

    def may(identity, principal=me, **context):
        context = {"aws:PrincipalArn": principal, **context}
        policies = Policies(identity=identity, resource=judge._protected[arn], resource_policy_required=True)
        return evaluate(Request(principal, principal, "kms:Decrypt", arn, context), policies).is_allowed

    through_s3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    assert may(allowed, **through_s3)
    assert not may({}, **through_s3)
    assert not may(allowed)
    assert not may(allowed, principal=judge.role_arn("Delivery/Run"), **through_s3)


def test_execution_policy_makes_roles_below_the_boundary_only_and_never_touches_delivery(synthesised):
    documents = {
        policy.logical_id: policy.properties["PolicyDocument"]
        for policy in synthesised.resources("AWS::IAM::ManagedPolicy")
        if policy.logical_id.startswith("Execution")
    }
    me, iam = f"arn:aws:iam::{ACCOUNT}:role/cfn-exec", f"arn:aws:iam::{ACCOUNT}"
    boundary = roles(synthesised)[TRAINING].boundary_arn

    def may(action, resource, **context):
        return evaluate(Request(me, me, action, resource, context), Policies(identity=documents)).is_allowed

    training = f"{iam}:role/FlightDelay-sandbox-Identities-Training"
    assert may("iam:CreateRole", training, **{"iam:PermissionsBoundary": boundary})
    assert not may("iam:CreateRole", training)
    assert not may("iam:CreateRole", f"{iam}:role/Another", **{"iam:PermissionsBoundary": boundary})
    assert not may("iam:DeleteRolePermissionsBoundary", training)
    assert not may("iam:UpdateAssumeRolePolicy", f"{iam}:role/FlightDelay-sandbox-Delivery-Deploy1")
    assert not may("iam:CreatePolicyVersion", f"{iam}:policy/FlightDelay-sandbox-Delivery-Boundary1")
    assert not may("iam:CreateUser", f"{iam}:user/x")
