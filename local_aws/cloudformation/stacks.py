"""Keep the records of stacks: what DescribeStacks shows, the resources, the events and the exports."""

import datetime as dt
import threading
import uuid
from typing import Any

from local_aws.cloudformation.actor import Actor
from local_aws.cloudformation.errors import StackValidationError
from local_aws.cloudformation.resource import Existing, Made
from local_aws.cloudformation.template import Template
from local_aws.sagemaker.operations import Context
from local_aws.store import Key, Record

STACK, RESOURCES, EVENTS = "cloudformation-stack", "cloudformation-resources", "cloudformation-events"
_RUNNING: set[str] = set()
_LOCK = threading.Lock()


def now(context: Context) -> dt.datetime:
    """Return the time."""
    return context.plane.clock.now()


class Stack:
    """One stack in the store."""

    def __init__(self, context: Context, stack_id: str) -> None:
        self.context, self.stack_id = context, stack_id
        self._store = context.plane.store
        self.name = stack_id.split("/")[1]

    def key(self, kind: str) -> Key:
        """Return the key of one of the stack's records."""
        return self.context.key(kind, self.stack_id)

    @property
    def record(self) -> Record:
        """The stack as DescribeStacks shows it, with `_` fields of our own."""
        record = self._store.get(self.key(STACK))
        if record is None:
            raise StackValidationError(f"Stack with id {self.stack_id} does not exist")
        return record

    @property
    def actor(self) -> Actor:
        """Who makes, changes and removes its resources."""
        return Actor.of(self.context, self.record.get("RoleARN"))

    @property
    def template(self) -> Template:
        """The template of the last deployment."""
        return Template.parse(self.record["_TemplateBody"])

    @property
    def resources(self) -> dict[str, Record]:
        """The resources by logical id, in the order in which they were made."""
        record = self._store.get(self.key(RESOURCES)) or {}
        return dict(record.get("Resources", {}))

    @property
    def events(self) -> list[Record]:
        """The events, oldest first."""
        record = self._store.get(self.key(EVENTS)) or {}
        return list(record.get("Events", []))

    def change(self, **fields: Any) -> None:
        """Set fields of the stack's record."""
        self._store.update(self.key(STACK), lambda record: record.update(fields))

    def status(self, status: str, reason: str = "") -> None:
        """Set the stack's status, with an event."""
        fields = {"StackStatus": status, "StackStatusReason": reason, "LastUpdatedTime": now(self.context)}
        self.event(self.name, self.stack_id, "AWS::CloudFormation::Stack", status, reason)
        self.change(**fields)

    def event(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = "") -> None:
        """Add an event."""
        event = {
            "StackId": self.stack_id,
            "EventId": str(uuid.uuid4()),
            "StackName": self.name,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": kind,
            "Timestamp": now(self.context),
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
        }
        self._store.update(self.key(EVENTS), lambda record: record["Events"].append(event))

    def keep(self, logical_id: str, resource: Record) -> None:
        """Record a resource."""
        stamped = {**resource, "Timestamp": now(self.context)}
        self._store.update(self.key(RESOURCES), lambda record: record["Resources"].__setitem__(logical_id, stamped))

    def forget(self, logical_id: str) -> None:
        """Drop a resource."""
        self._store.update(self.key(RESOURCES), lambda record: record["Resources"].pop(logical_id, None))


def begin(context: Context, name: str, fields: Record) -> Stack:
    """Add the record of a new stack."""
    arn = f"arn:aws:cloudformation:{context.region}:{context.account_id}:stack/{name}/{uuid.uuid4()}"
    stack = Stack(context, arn)
    record = {
        "StackId": arn,
        "StackName": name,
        "CreationTime": now(context),
        "StackStatus": "REVIEW_IN_PROGRESS",
        "DisableRollback": False,
        "EnableTerminationProtection": False,
        "RollbackConfiguration": {},
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "_TemplateBody": Template.empty().body,
        "_Imports": [],
        **fields,
    }
    store = context.plane.store
    store.insert(stack.key(RESOURCES), {"Resources": {}})
    store.insert(stack.key(EVENTS), {"Events": []})
    store.insert(stack.key(STACK), record)
    return stack


def all_of(context: Context) -> list[Stack]:
    """Return every stack of the account and region, deleted ones too."""
    _end_interrupted(context)
    records = context.plane.store.list(STACK, context.account_id, context.region)
    return [Stack(context, record["StackId"]) for record in records]


def find(context: Context, name_or_id: str) -> Stack:
    """Return a stack by name, or by id also where it is deleted.

    Raises:
        StackValidationError: There is none.
    """
    for stack in all_of(context):
        if stack.stack_id == name_or_id:
            return stack
        if stack.name == name_or_id and stack.record["StackStatus"] != "DELETE_COMPLETE":
            return stack
    raise StackValidationError(f"Stack with id {name_or_id} does not exist")


def exports(context: Context) -> dict[str, Record]:
    """Return the exports of all stacks by name: value and stack."""
    return {
        output["ExportName"]: {
            "ExportingStackId": stack.stack_id,
            "Name": output["ExportName"],
            "Value": output["OutputValue"],
        }
        for stack in all_of(context)
        if stack.record["StackStatus"] != "DELETE_COMPLETE"
        for output in stack.record.get("Outputs", [])
        if "ExportName" in output
    }


def importers(context: Context, export: str) -> list[str]:
    """Return the names of the stacks that import an export."""
    return [
        stack.name
        for stack in all_of(context)
        if stack.record["StackStatus"] != "DELETE_COMPLETE" and export in stack.record["_Imports"]
    ]


def existing(resource: Record) -> Existing:
    """Return a recorded resource as its type wants it."""
    made = Made(resource["PhysicalResourceId"], resource["Attributes"], resource["Identity"])
    return Existing(made, resource["Properties"])


class Running:
    """Mark a stack as deployed by this process; a second deployment meanwhile is refused."""

    def __init__(self, stack: Stack) -> None:
        self._stack_id = stack.stack_id
        with _LOCK:
            if stack.stack_id in _RUNNING:
                raise StackValidationError(f"Stack:{stack.stack_id} is in an IN_PROGRESS state and can not be updated.")
            _RUNNING.add(stack.stack_id)
        self._ended = threading.Event()

    def end(self) -> None:
        """The deployment has ended."""
        with _LOCK:
            _RUNNING.discard(self._stack_id)
        self._ended.set()

    def wait(self, seconds: float) -> None:
        """Block until the deployment has ended, but not for longer."""
        self._ended.wait(seconds)


def _end_interrupted(context: Context) -> None:
    """Fail the operations that ran when an earlier server ended."""
    for record in context.plane.store.list(STACK, context.account_id, context.region):
        status = record["StackStatus"]
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            continue
        with _LOCK:
            is_running = record["StackId"] in _RUNNING
        if not is_running:
            ended = status.removesuffix("_COMPLETE_CLEANUP_IN_PROGRESS").removesuffix("_IN_PROGRESS")
            reason = "The local AWS ended during this operation. Deploy again, or delete the stack."
            Stack(context, record["StackId"]).status(f"{ended}_FAILED", reason)
