"""The synthesised stacks, deployed into a running local AWS as the bootstrap's roles would."""

import functools
import json
from functools import cached_property

from local_aws.iam.recording import placeholder

ACCOUNT, REGION = "123456789012", "us-east-1"
EXECUTION_ROLE = f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"
_TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
}


class RunningPlatform:
    """What was deployed, and clients under its roles."""

    def __init__(self, client, assembly):
        self.admin = functools.cache(client)
        self._clients, self._sts = {}, self.admin("sts")
        self._assembly = assembly
        self.statuses = {}
        self.admin("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
        delivery = next(name for name in assembly.templates if name.endswith("-Delivery"))
        self._deploy(delivery)
        outputs = self.admin("cloudformation").describe_stacks(StackName=delivery)["Stacks"][0]["Outputs"]
        policies = next(item["OutputValue"] for item in outputs if item["OutputKey"] == "ExecutionPolicies")
        iam = self.admin("iam")
        role = iam.create_role(RoleName=EXECUTION_ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
        for policy in policies.split(","):
            iam.attach_role_policy(RoleName=EXECUTION_ROLE, PolicyArn=policy)
        for stack in _in_order(assembly.templates):
            if stack != delivery:
                self._deploy(stack, RoleARN=role)

    def _deploy(self, stack, **options):
        cloudformation = self.admin("cloudformation")
        body, tags = json.dumps(self._assembly.templates[stack]), [{"Key": "stage", "Value": "sandbox"}]
        cloudformation.create_stack(StackName=stack, TemplateBody=body, Tags=tags, **options)
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [e.get("ResourceStatusReason") for e in events if e["ResourceStatus"].endswith("_FAILED")]
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        self.statuses[stack] = [status, *failed]

    def name(self, place):
        """Return the physical name of `Stack/LogicalIdWithoutHash`."""
        return self._names[place]

    @cached_property
    def _names(self):
        client = self.admin("cloudformation")
        found = [client.describe_stack_resources(StackName=name)["StackResources"] for name in self._assembly.templates]
        return {
            placeholder(item["StackName"], item["LogicalResourceId"]): item["PhysicalResourceId"]
            for resources in found
            for item in resources
        }

    def role(self, place):
        return f"arn:aws:iam::{ACCOUNT}:role/{self.name(place)}"

    def client(self, service, role):
        """Return a client of a role's session."""
        if (service, role) not in self._clients:
            given = {"RoleArn": self.role(role), "RoleSessionName": "attempt"}
            issued = self._sts.assume_role(**given)["Credentials"]
            keys = {
                "aws_access_key_id": issued["AccessKeyId"],
                "aws_secret_access_key": issued["SecretAccessKey"],
                "aws_session_token": issued["SessionToken"],
            }
            self._clients[service, role] = self.admin(service, **keys)
        return self._clients[service, role]


def _in_order(templates):
    """Return the stacks' names, each after those whose exports it imports."""
    exports = {
        output["Export"]["Name"]: stack
        for stack, template in templates.items()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }
    needs = {
        stack: {name for name in exports if f'"{name}"' in json.dumps(template) and exports[name] != stack}
        for stack, template in templates.items()
    }
    done = []
    while len(done) < len(templates):
        done += [
            stack for stack in templates if stack not in done and all(exports[name] in done for name in needs[stack])
        ]
    return done
