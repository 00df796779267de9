"""EC2: networks. Every resource is found by its id, and tagged by it."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import (
    Call,
    Existing,
    Made,
    Properties,
    ResourceType,
    changed_properties,
    is_missing,
)
from local_aws.cloudformation.typed import request

_TAGGING = Tagging("CreateTags", "DeleteTags", arn="Resources", value="{Ref}", keys="Tags")


class _Ec2(ApiType):
    """A resource of EC2: tags by calls of their own, and settings that only a Modify call takes."""

    modified: Mapping[str, str] = {}
    """Property to the member of `modify` that sets it."""
    modify = ""

    def create(self, call: Call, properties: Properties) -> Made:
        later = {"Tags", *self.modified}
        made = super().create(call, {name: item for name, item in properties.items() if name not in later})
        self._settle(call, made, {}, properties)
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        self._settle(call, existing.made, existing.properties, properties)
        return existing.made

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed - {"Tags", *self.modified})

    def _settle(self, call: Call, made: Made, old: Properties, new: Properties) -> None:
        client = call.client("ec2")
        changed = changed_properties(old, new)
        for name, member in self.modified.items():
            if name in changed and name in new:
                members = {**made.identity, member: {"Value": str(new[name]).lower() == "true"}}
                getattr(client, xform_name(self.modify))(**members)
        if "Tags" in changed:
            before, after = ({tag["Key"]: tag for tag in source.get("Tags", [])} for source in (old, new))
            if gone := [{"Key": key} for key in before if key not in after]:
                client.delete_tags(Resources=[made.physical_id], Tags=gone)
            if after:
                client.create_tags(Resources=[made.physical_id], Tags=list(after.values()))


class _Vpc(_Ec2):
    modified = {"EnableDnsSupport": "EnableDnsSupport", "EnableDnsHostnames": "EnableDnsHostnames"}  # noqa: RUF012
    modify = "ModifyVpcAttribute"


class _Subnet(_Ec2):
    modified = {"MapPublicIpOnLaunch": "MapPublicIpOnLaunch"}  # noqa: RUF012
    modify = "ModifySubnetAttribute"


class _VpcEndpoint(_Ec2):
    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        zones = call.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[made.physical_id])["VpcEndpoints"][0]
        entries = [f"{entry.get('HostedZoneId')}:{entry.get('DnsName')}" for entry in zones.get("DnsEntries", [])]
        return Made(made.physical_id, {**made.attributes, "DnsEntries": entries}, made.identity)

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        changed = changed_properties(existing.properties, properties)
        members: Properties = {"VpcEndpointId": existing.made.physical_id}
        if "PolicyDocument" in changed:
            members["PolicyDocument"] = properties.get("PolicyDocument")
        if "PrivateDnsEnabled" in changed:
            members["PrivateDnsEnabled"] = properties.get("PrivateDnsEnabled", False)
        for name, stem in (
            ("RouteTableIds", "RouteTable"),
            ("SubnetIds", "Subnet"),
            ("SecurityGroupIds", "SecurityGroup"),
        ):
            old, new = existing.properties.get(name, []), properties.get(name, [])
            if added := [item for item in new if item not in old]:
                members[f"Add{stem}Ids"] = added
            if gone := [item for item in old if item not in new]:
                members[f"Remove{stem}Ids"] = gone
        if len(members) > 1:
            call.client("ec2").modify_vpc_endpoint(**request("ec2", "ModifyVpcEndpoint", members))
        return super().update(call, existing, properties)

    def replaces(self, changed: set[str]) -> bool:
        in_place = {"PolicyDocument", "PrivateDnsEnabled", "RouteTableIds", "SubnetIds", "SecurityGroupIds", "Tags"}
        return bool(changed - in_place)


class _FlowLog(_Ec2):
    def create(self, call: Call, properties: Properties) -> Made:
        names = {"ResourceId": "ResourceIds"}
        members = {names.get(name, name): item for name, item in properties.items() if name != "Tags"}
        response = call.client("ec2").create_flow_logs(**request("ec2", "CreateFlowLogs", members))
        for problem in response.get("Unsuccessful", []):
            raise ClientError({"Error": problem["Error"]}, "CreateFlowLogs")
        flow_log = response["FlowLogIds"][0]
        made = Made(flow_log, {"Id": flow_log}, {"FlowLogIds": [flow_log]})
        self._settle(call, made, {}, properties)
        return made


class _SecurityGroup(_Ec2):
    """A group with its inline rules; where it names egress rules, EC2's own allow-all rule goes."""

    def create(self, call: Call, properties: Properties) -> Made:
        rules = ("SecurityGroupIngress", "SecurityGroupEgress")
        named = {"GroupName": properties.get("GroupName") or call.generated_name()}
        made = super().create(call, {**{name: item for name, item in properties.items() if name not in rules}, **named})
        self._set_rules(call, made.physical_id, {}, properties)
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        self._set_rules(call, existing.made.physical_id, existing.properties, properties)
        return super().update(call, existing, properties)

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"GroupName", "GroupDescription", "VpcId"})

    @staticmethod
    def _set_rules(call: Call, group: str, old: Properties, new: Properties) -> None:
        client = call.client("ec2")
        default = {"SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]}
        for name, word in (("SecurityGroupIngress", "ingress"), ("SecurityGroupEgress", "egress")):
            before = old.get(name) or default.get(name, [])
            after = new.get(name) or default.get(name, [])
            for rule in before:
                if rule not in after:
                    permission = _permission(rule, described=False)
                    getattr(client, f"revoke_security_group_{word}")(GroupId=group, IpPermissions=[permission])
            for rule in after:
                if rule not in before:
                    permission = _permission(rule)
                    getattr(client, f"authorize_security_group_{word}")(GroupId=group, IpPermissions=[permission])


_SOURCES = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def _permission(rule: Properties, *, described: bool = True) -> Properties:
    """Return a rule as EC2's IpPermission."""
    permission: Properties = {"IpProtocol": str(rule["IpProtocol"])}
    permission |= {name: int(rule[name]) for name in ("FromPort", "ToPort") if name in rule}
    if permission["IpProtocol"] != "-1":
        permission = {"FromPort": -1, "ToPort": -1, **permission}  # EC2's "any", which moto wants spelled out
    for name, (member, key) in _SOURCES.items():
        if name in rule:
            text = {"Description": rule["Description"]} if described and "Description" in rule else {}
            permission[member] = [{key: rule[name], **text}]
    return permission


class _SecurityGroupRule:
    """A rule that is a resource of its own."""

    name_property = ""
    has_tags = False

    def __init__(self, direction: str) -> None:
        self.name = f"AWS::EC2::SecurityGroup{direction.capitalize()}"
        self._direction = direction

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed)

    def create(self, call: Call, properties: Properties) -> Made:
        authorize = getattr(call.client("ec2"), f"authorize_security_group_{self._direction}")
        response = authorize(GroupId=properties["GroupId"], IpPermissions=[_permission(properties)])
        rules = response.get("SecurityGroupRules") or [{"SecurityGroupRuleId": call.generated_name()}]
        rule = rules[0]["SecurityGroupRuleId"]
        return Made(rule, {"Id": rule}, {})

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        del call, properties
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        revoke = getattr(call.client("ec2"), f"revoke_security_group_{self._direction}")
        group = existing.properties["GroupId"]
        try:
            revoke(GroupId=group, IpPermissions=[_permission(existing.properties, described=False)])
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise


def _ec2(kind: type[_Ec2], name: str, member: str, attributes: Mapping[str, str], **options: Any) -> _Ec2:
    """Return a type whose id is a member of the create call's response."""
    structure = options.pop("structure", name)
    identifier = f"{{{structure}[{member}]}}" if structure else f"{{{member}}}"
    defaults: dict[str, Any] = {
        "create_call": f"Create{name}",
        "delete_call": f"Delete{name}",
        "identity": {member: identifier},
    }
    return kind(
        name=f"AWS::EC2::{options.pop('type_name', name)}",
        service="ec2",
        ref=identifier,
        attributes={member: identifier, **attributes},
        update_call="CreateTags",
        tagging=_TAGGING,
        **{**defaults, **options},
    )


_VPC_ATTRIBUTES = {"CidrBlock": "{CidrBlock}"}
_SUBNET_ATTRIBUTES = {name: f"{{Subnet[{name}]}}" for name in ("AvailabilityZone", "VpcId", "CidrBlock")}
TYPES: list[ResourceType] = [
    _ec2(_Vpc, "Vpc", "VpcId", _VPC_ATTRIBUTES, type_name="VPC"),
    _ec2(_Subnet, "Subnet", "SubnetId", _SUBNET_ATTRIBUTES),
    _ec2(_Ec2, "RouteTable", "RouteTableId", {}),
    _ec2(
        _VpcEndpoint,
        "VpcEndpoint",
        "VpcEndpointId",
        {"Id": "{VpcEndpoint[VpcEndpointId]}"},
        type_name="VPCEndpoint",
        delete_call="DeleteVpcEndpoints",
        identity={"VpcEndpointIds": "{VpcEndpoint[VpcEndpointId]}"},
    ),
    _ec2(_FlowLog, "FlowLog", "FlowLogId", {}, delete_call="DeleteFlowLogs"),
    _ec2(
        _SecurityGroup,
        "SecurityGroup",
        "GroupId",
        {"VpcId": "{VpcId}"},
        structure="",
        request=lambda _, properties: {
            {"GroupDescription": "Description"}.get(name, name): item for name, item in properties.items()
        },
    ),
    _SecurityGroupRule("ingress"),
    _SecurityGroupRule("egress"),
    ApiType(
        name="AWS::EC2::SubnetRouteTableAssociation",
        service="ec2",
        create_call="AssociateRouteTable",
        delete_call="DisassociateRouteTable",
        ref="{AssociationId}",
        attributes={"Id": "{AssociationId}"},
        identity={"AssociationId": "{AssociationId}"},
        has_tags=False,
    ),
    _ec2(_Ec2, "InternetGateway", "InternetGatewayId", {}),
    _ec2(_Ec2, "NatGateway", "NatGatewayId", {}),
    ApiType(
        name="AWS::EC2::VPCGatewayAttachment",
        service="ec2",
        create_call="AttachInternetGateway",
        delete_call="DetachInternetGateway",
        ref="{InternetGatewayId}|{VpcId}",
        identity={"InternetGatewayId": "{InternetGatewayId}", "VpcId": "{VpcId}"},
        has_tags=False,
    ),
    ApiType(
        name="AWS::EC2::Route",
        service="ec2",
        create_call="CreateRoute",
        delete_call="DeleteRoute",
        ref="{RouteTableId}|{DestinationCidrBlock}",
        identity={"RouteTableId": "{RouteTableId}", "DestinationCidrBlock": "{DestinationCidrBlock}"},
        has_tags=False,
    ),
]
