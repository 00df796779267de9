"""Show a lineage to people: a plain text tree, from the data at the top to what serves the model at the bottom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_NOTHING = "none"


@dataclass
class Node:
    """A line of the tree, and what hangs below it."""

    text: str
    children: list["Node"] = field(default_factory=list)


def render_tree(document: Mapping[str, Any]) -> str:
    """Return the tree of a lineage document."""
    package = document["model_package"]
    root = Node(
        f"{package['group'] or package['arn']} version {package['version']}",
        [
            _source(document["source"]),
            _execution(document["execution"], document["steps"]),
            _package(package),
            _releases(document["releases"], document["verdicts"]),
            _listed("endpoints", [_endpoint(endpoint) for endpoint in document["endpoints"]]),
            _listed("monitoring", [_monitoring(report) for report in document["monitoring"]]),
            _listed("batch scoring", [_scoring(job) for job in document["batch_scoring"]]),
        ],
    )
    if document["not_found"]:
        root.children.append(_listed("not found", [Node(text) for text in document["not_found"]]))
    return "\n".join([root.text, *_lines(root.children, "")]) + "\n"


def _lines(nodes: Sequence[Node], indent: str) -> Iterator[str]:
    for node in nodes:
        is_last = node is nodes[-1]
        yield f"{indent}{'└─' if is_last else '├─'} {node.text}"
        yield from _lines(node.children, f"{indent}{'   ' if is_last else '│  '}")


def _source(source: Mapping[str, Any]) -> Node:
    return Node(
        "source",
        [
            Node(f"raw data version {source['data_version'] or 'unknown'}{_at(source['raw_data_uri'])}"),
            Node(f"git commit {source['git_commit'] or 'unknown'}"),
        ],
    )


def _execution(execution: Mapping[str, Any] | None, steps: Sequence[Mapping[str, Any]]) -> Node:
    if execution is None:
        return Node("pipeline execution: unknown")
    facts = _facts(execution, "status", "description", "started")
    return Node(
        f"pipeline execution {_short(execution['arn'])}{facts}", [_step(step) for step in steps if step["contributed"]]
    )


def _step(step: Mapping[str, Any]) -> Node:
    cached = f", taken from {_short(step['cached_from'])}" if step.get("cached_from") else ""
    node = Node(f"{step['step']}: {step['status']}{cached}")
    if step.get("arn"):
        node.children.append(Node(step["arn"].rpartition(":")[2]))
    if step.get("code"):
        node.children.append(Node(f"code sha256 {step['code']['sha256'] or 'unknown'}{_at(step['code']['uri'])}"))
    if step.get("image"):
        node.children.append(Node(f"image {step['image']}"))
    if step.get("best_trial"):
        node.children.append(Node(f"best trial {step['best_trial']}"))
    node.children += [Node(f"reads {name}: {uri}") for name, uri in step.get("inputs", {}).items()]
    node.children += [Node(f"writes {name}: {uri}") for name, uri in step.get("outputs", {}).items()]
    return node


def _package(package: Mapping[str, Any]) -> Node:
    node = Node(
        f"model package {package['arn']}",
        [
            Node(f"registered {package['created']}{_facts(package, 'retraining_reason')}"),
            Node(f"{package['approval']}{_facts(package, 'approval_description')}"),
            Node(f"model {package['model_data_url']}"),
        ],
    )
    measured = {name: package["properties"].get(name) for name in ("auc", "log_loss", "decision_threshold")}
    told = ", ".join(f"{name} {value}" for name, value in measured.items() if value)
    evaluation = package["properties"].get("evaluation_uri")
    if told or evaluation:
        node.children.append(Node(f"evaluation {told}{_at(evaluation)}"))
    node.children += [Node(f"baseline {name}: {uri}") for name, uri in package["baselines"].items()]
    return node


def _releases(releases: Sequence[Mapping[str, Any]], verdicts: Sequence[Mapping[str, Any]]) -> Node:
    nodes = []
    for release in releases:
        facts = _facts(release, "outcome", "reason", "started")
        nodes.append(Node(f"{_short(release['arn'])}: {release['status']}{facts}"))
    nodes += [
        Node(f"look {verdict['look']}: {verdict['verdict']}{_facts(verdict, 'reason')}{_at(verdict['uri'])}")
        for verdict in verdicts
    ]
    return _listed("releases", nodes)


def _endpoint(endpoint: Mapping[str, Any]) -> Node:
    variants = [
        Node(
            f"variant {variant['variant']}: weight {variant['weight']}, {variant['instances']} instances, "
            f"model {variant['model']}"
        )
        for variant in endpoint["variants"]
    ]
    return Node(f"{endpoint['name']}: {endpoint['status']}, configuration {endpoint['config']}", variants)


def _monitoring(report: Mapping[str, Any]) -> Node:
    monitors = ", ".join(f"{name} {status}" for name, status in (report.get("monitors") or {}).items())
    day = f"{report.get('day')}, version {report.get('model_version')}"
    return Node(f"{report['endpoint']}/{report['variant']} on {day}: {monitors or 'unknown'}{_at(report['report'])}")


def _scoring(job: Mapping[str, Any]) -> Node:
    return Node(f"{job['job']}: {job['status']}", [Node(f"reads {job['input']}"), Node(f"writes {job['output']}")])


def _listed(title: str, nodes: list[Node]) -> Node:
    return Node(title, nodes) if nodes else Node(f"{title}: {_NOTHING}")


def _facts(record: Mapping[str, Any], *names: str) -> str:
    return "".join(f", {_named(name, record[name])}" for name in names if record.get(name))


def _named(name: str, value: Any) -> str:
    return (
        str(value)
        if name in {"status", "outcome", "reason", "description", "approval_description"}
        else (f"{name.replace('_', ' ')} {value}")
    )


def _at(uri: str | None) -> str:
    return f" ({uri})" if uri else ""


def _short(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[2] or arn
