"""Deploy templates through boto3."""

import json

import pytest


@pytest.fixture
def cloudformation(client):
    return client("cloudformation")


@pytest.fixture
def stack_name(unique):
    return unique("stack")


@pytest.fixture
def deploy(cloudformation, stack_name, failures):
    """Create or update the test's stack by a change set, as the cdk CLI does; return the stack."""
    numbers = iter(range(1000))

    def deploy(resources, name=stack_name, *, fails=False, **sections):
        options = {key: sections.pop(key) for key in ("Tags", "Parameters") if isinstance(sections.get(key), list)}
        is_there = any(stack["StackName"] == name for stack in cloudformation.describe_stacks()["Stacks"])
        change_set = cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=f"change-{next(numbers)}",
            ChangeSetType="UPDATE" if is_there else "CREATE",
            TemplateBody=json.dumps({"Resources": resources, **sections}),
            **options,
        )["Id"]
        status = cloudformation.describe_change_set(ChangeSetName=change_set)
        assert status["Status"] == "CREATE_COMPLETE", status["StatusReason"]
        cloudformation.execute_change_set(ChangeSetName=change_set)
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"].endswith("ROLLBACK_COMPLETE") == fails, failures(name)
        return stack

    return deploy


@pytest.fixture
def failures(cloudformation, stack_name):
    """Return logical id and reason of what failed in the test's stack."""

    def failures(name=stack_name):
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return {
            event["LogicalResourceId"]: event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        }

    return failures


@pytest.fixture
def resources(cloudformation, stack_name):
    """Return logical to physical ids of the test's stack."""

    def resources(name=stack_name):
        found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}

    return resources
