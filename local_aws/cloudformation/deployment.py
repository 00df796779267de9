"""Run one operation on a stack: create, update or delete its resources, and roll back what fails."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.cloudformation import parameters, plan, registry, stacks
from local_aws.cloudformation.errors import ResourceError, StackValidationError
from local_aws.cloudformation.resource import Call, Made, Properties, changed_properties
from local_aws.cloudformation.stacks import Stack
from local_aws.cloudformation.template import Template
from local_aws.cloudformation.values import Scope
from local_aws.store import Record

_LOG = logging.getLogger(__name__)
_FAILURES = (ResourceError, StackValidationError, ClientError, BotoCoreError)
_DELETE_ROUNDS = 4
_T = TypeVar("_T")


@dataclass(frozen=True)
class Wanted:
    """What a stack shall become."""

    template: Template
    given: dict[str, str]
    """Parameter values; the others have their defaults."""
    tags: list[dict[str, str]]


class _FailedError(Exception):
    """A resource failed; the event says why."""


class Deployment:
    """One operation on one stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._undo: list[Callable[[], None]] = []
        self._replaced: list[tuple[str, Record]] = []

    def create(self, wanted: Wanted, *, roll_back: bool = True) -> None:
        """Make the resources of a template; where one fails, remove them all again."""
        self._stack.status("CREATE_IN_PROGRESS", "User Initiated")
        try:
            self._apply(wanted)
        except _FailedError as err:
            if not roll_back:
                self._stack.status("CREATE_FAILED", str(err))
                return
            self._stack.status("ROLLBACK_IN_PROGRESS", f"{err} Rollback requested by user.")
            done = self._remove_all(retain=False)
            self._stack.status("ROLLBACK_COMPLETE" if done else "ROLLBACK_FAILED")
        else:
            self._stack.status("CREATE_COMPLETE")

    def update(self, wanted: Wanted, *, roll_back: bool = True) -> None:
        """Change the stack to a template; where a resource fails, change everything back."""
        before = self._stack.record
        self._stack.status("UPDATE_IN_PROGRESS", "User Initiated")
        try:
            self._apply(wanted)
        except _FailedError as err:
            if not roll_back:
                self._stack.status("UPDATE_FAILED", str(err))
                return
            self._stack.status("UPDATE_ROLLBACK_IN_PROGRESS", str(err))
            self._roll_back(before)
            return
        self._stack.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(wanted)
        self._stack.status("UPDATE_COMPLETE")

    def delete(self) -> None:
        """Remove the stack's resources, apart from those that its template retains."""
        self._stack.status("DELETE_IN_PROGRESS", "User Initiated")
        if self._remove_all(retain=True):
            self._stack.change(DeletionTime=stacks.now(self._stack.context), Outputs=[], _Imports=[])
            self._stack.status("DELETE_COMPLETE")
        else:
            failed = [
                logical_id
                for logical_id, resource in self._stack.resources.items()
                if resource["ResourceStatus"] == "DELETE_FAILED"
            ]
            reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            self._stack.status("DELETE_FAILED", reason)

    def _apply(self, wanted: Wanted) -> None:
        template, given, imported = wanted.template, wanted.given, list[str]()
        scope = self._guarded(lambda: parameters.scope_of(self._stack, template, given, imported))
        for logical_id in template.order:
            resource = template.resources[logical_id]
            if self._guarded(lambda resource=resource: plan.is_wanted(scope, resource)):  # type: ignore[misc]
                self._reach(scope, logical_id, resource, wanted.tags)
        outputs = self._guarded(lambda: self._outputs(template, scope))
        self._stack.change(
            Outputs=outputs,
            Description=template.document.get("Description", ""),
            Parameters=parameters.shown(template, given, scope),
            Tags=wanted.tags,
            _Given=given,
            _TemplateBody=template.body,
            _Imports=sorted(set(imported)),
        )

    def _guarded(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except _FAILURES as err:
            raise _FailedError(_reason(err)) from err

    def _reach(self, scope: Scope, logical_id: str, resource: Record, tags: list[dict[str, str]]) -> None:
        """Create or update one resource, so that later ones see it."""
        deployed = self._stack.resources.get(logical_id)
        kind = resource["Type"]
        verb = "CREATE" if deployed is None else "UPDATE"
        try:
            properties = plan.desired_properties(scope, resource, tags)
            if deployed is None:
                made = self._create(logical_id, kind, properties)
            else:
                made = self._update(logical_id, deployed, properties)
        except Exception as err:
            if not isinstance(err, _FAILURES):
                _LOG.exception("%s %s", kind, logical_id)
            physical_id = deployed["PhysicalResourceId"] if deployed else ""
            self._stack.event(logical_id, physical_id, kind, f"{verb}_FAILED", _reason(err))
            verb_past = "create" if deployed is None else "update"
            raise _FailedError(f"The following resource(s) failed to {verb_past}: [{logical_id}].") from err
        record = _record(logical_id, kind, made, properties, resource, f"{verb}_COMPLETE")
        if deployed is None or deployed["Properties"] != properties:
            self._stack.event(logical_id, made.physical_id, kind, f"{verb}_COMPLETE", made.notice)
        elif deployed["DeletionPolicy"] == record["DeletionPolicy"]:
            record = deployed
        if record is not deployed:
            self._stack.keep(logical_id, record)
        scope.references[logical_id], scope.attributes[logical_id] = made.physical_id, made.attributes

    def _create(self, logical_id: str, kind: str, properties: Properties) -> Made:
        self._stack.event(logical_id, "", kind, "CREATE_IN_PROGRESS")
        made = registry.type_of(kind).create(self._call(logical_id), properties)

        def undo() -> None:
            self._delete(logical_id, _record(logical_id, kind, made, properties, {}, "CREATE_COMPLETE"))
            self._stack.forget(logical_id)

        self._undo.append(undo)
        return made

    def _update(self, logical_id: str, deployed: Record, properties: Properties) -> Made:
        existing, kind = stacks.existing(deployed), deployed["ResourceType"]
        if deployed["Properties"] == properties:
            return existing.made
        self._stack.event(logical_id, deployed["PhysicalResourceId"], kind, "UPDATE_IN_PROGRESS")
        found, call = registry.type_of(kind), self._call(logical_id)
        if found.replaces(changed_properties(deployed["Properties"], properties)):
            return self._replace(logical_id, deployed, properties)
        made = found.update(call, existing, properties)

        def undo() -> None:
            self._stack.event(logical_id, made.physical_id, kind, "UPDATE_IN_PROGRESS")
            found.update(
                call, stacks.existing(_record(logical_id, kind, made, properties, {}, "")), deployed["Properties"]
            )
            self._stack.keep(logical_id, deployed)
            self._stack.event(logical_id, made.physical_id, kind, "UPDATE_COMPLETE")

        self._undo.append(undo)
        return made

    def _replace(self, logical_id: str, deployed: Record, properties: Properties) -> Made:
        kind = deployed["ResourceType"]
        found = registry.type_of(kind)
        name = found.name_property
        if name and name in properties and properties[name] == deployed["Properties"].get(name):
            raise ResourceError(
                f"CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {properties[name]} and update the stack again."
            )
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        self._stack.event(logical_id, deployed["PhysicalResourceId"], kind, "UPDATE_IN_PROGRESS", reason)
        made = found.create(self._call(logical_id), properties)
        self._replaced.append((logical_id, deployed))

        def undo() -> None:
            self._delete(logical_id, _record(logical_id, kind, made, properties, {}, ""))
            self._stack.keep(logical_id, deployed)

        self._undo.append(undo)
        return made

    def _roll_back(self, before: Record) -> None:
        status = "UPDATE_ROLLBACK_COMPLETE"
        for undo in reversed(self._undo):
            try:
                undo()
            except Exception as err:  # noqa: BLE001 - the rest is still rolled back
                _LOG.exception("rollback of %s", self._stack.name)
                status = "UPDATE_ROLLBACK_FAILED"
                self._stack.change(StackStatusReason=_reason(err))
        kept = ("Outputs", "Parameters", "Tags", "Description", "_Given", "_TemplateBody", "_Imports")
        self._stack.change(**{name: before[name] for name in kept if name in before})
        self._stack.status(status)

    def _clean_up(self, wanted: Wanted) -> None:
        """Remove what the new template no longer has; a failure leaves the resource, as in AWS."""
        for logical_id, old in reversed(self._replaced):
            if old["UpdateReplacePolicy"] != "Retain":
                self._try_delete(logical_id, old)
        template = wanted.template
        scope = parameters.scope_of(self._stack, template, wanted.given, [])
        gone = {
            logical_id: resource
            for logical_id, resource in self._stack.resources.items()
            if logical_id not in template.resources or not plan.is_wanted(scope, template.resources[logical_id])
        }
        for _ in range(_DELETE_ROUNDS):
            for logical_id, resource in reversed(list(gone.items())):
                if self._retained(resource) or self._try_delete(logical_id, resource):
                    self._stack.forget(logical_id)
                    del gone[logical_id]
        for logical_id in gone:
            self._stack.forget(logical_id)

    def _remove_all(self, *, retain: bool) -> bool:
        """Remove all resources, the youngest first; return whether none is left."""
        for _ in range(_DELETE_ROUNDS):
            left = self._stack.resources
            before = len(left)
            for logical_id, resource in _youngest_first(left):
                if (retain and self._retained(resource)) or self._try_delete(logical_id, resource):
                    self._stack.forget(logical_id)
            if len(self._stack.resources) in {0, before}:
                break
        return not self._stack.resources

    def _retained(self, resource: Record) -> bool:
        if resource["DeletionPolicy"] not in {"Retain", "RetainExceptOnCreate"}:
            return False
        self._stack.event(
            resource["LogicalResourceId"],
            resource["PhysicalResourceId"],
            resource["ResourceType"],
            "DELETE_SKIPPED",
        )
        return True

    def _try_delete(self, logical_id: str, resource: Record) -> bool:
        try:
            self._delete(logical_id, resource)
        except Exception as err:  # noqa: BLE001 - whatever a resource type raises fails the stack, not the server
            if not isinstance(err, _FAILURES):
                _LOG.exception("delete of %s", logical_id)
            reason = _reason(err)
            physical_id, kind = resource["PhysicalResourceId"], resource["ResourceType"]
            self._stack.event(logical_id, physical_id, kind, "DELETE_FAILED", reason)
            failed = {**resource, "ResourceStatus": "DELETE_FAILED", "ResourceStatusReason": reason}
            if logical_id in self._stack.resources:
                self._stack.keep(logical_id, failed)
            return False
        return True

    def _delete(self, logical_id: str, resource: Record) -> None:
        kind, physical_id = resource["ResourceType"], resource["PhysicalResourceId"]
        self._stack.event(logical_id, physical_id, kind, "DELETE_IN_PROGRESS")
        registry.type_of(kind).delete(self._call(logical_id), stacks.existing(resource))
        self._stack.event(logical_id, physical_id, kind, "DELETE_COMPLETE")

    def _outputs(self, template: Template, scope: Scope) -> list[Record]:
        taken = stacks.exports(self._stack.context)
        outputs = []
        for name, output in template.section("Outputs").items():
            if not plan.is_wanted(scope, output):
                continue
            item = {"OutputKey": name, "OutputValue": str(scope.resolve(output["Value"]))}
            if "Description" in output:
                item["Description"] = output["Description"]
            if "Export" in output:
                item["ExportName"] = str(scope.resolve(output["Export"]["Name"]))
                owner = taken.get(item["ExportName"], {}).get("ExportingStackId", self._stack.stack_id)
                if owner != self._stack.stack_id:
                    raise StackValidationError(
                        f"Export with name {item['ExportName']} is already exported by stack {owner.split('/')[1]}"
                    )
            outputs.append(item)
        self._check_imported(outputs)
        return outputs

    def _check_imported(self, outputs: list[Record]) -> None:
        new = {item["ExportName"]: item["OutputValue"] for item in outputs if "ExportName" in item}
        for output in self._stack.record.get("Outputs", []):
            name = output.get("ExportName")
            if name is None or new.get(name) == output["OutputValue"]:
                continue
            if users := stacks.importers(self._stack.context, name):
                what = "updated" if name in new else "deleted"
                raise StackValidationError(f"Export {name} cannot be {what} as it is in use by {', '.join(users)}")

    def _call(self, logical_id: str) -> Call:
        context = self._stack.context
        return Call(
            self._stack.actor, context.account_id, context.region, self._stack.name, self._stack.stack_id, logical_id
        )


def _record(  # noqa: PLR0917 - a record's fields
    logical_id: str, kind: str, made: Made, properties: Properties, resource: Record, status: str
) -> Record:
    return {
        "LogicalResourceId": logical_id,
        "ResourceType": kind,
        "PhysicalResourceId": made.physical_id,
        "Attributes": made.attributes,
        "Identity": made.identity,
        "Properties": properties,
        "DeletionPolicy": resource.get("DeletionPolicy", "Delete"),
        "UpdateReplacePolicy": resource.get("UpdateReplacePolicy", "Delete"),
        "ResourceStatus": status,
    }


def _youngest_first(resources: dict[str, Record]) -> list[tuple[str, Record]]:
    return list(reversed(list(resources.items())))


def _reason(err: Exception) -> str:
    if isinstance(err, ClientError):
        detail = err.response["Error"]
        return f"{detail.get('Message', '')} (Service: {err.operation_name}, Error Code: {detail.get('Code', '')})"
    if isinstance(err, StackValidationError):
        return err.message
    return str(err) or type(err).__name__
