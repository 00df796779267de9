"""Start one warm runtime a session, and run scripts in it."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws.containers.process_runtime import ProcessRuntime, open_runtime
from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.settings import Settings

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.8-0-cpu-py3"


@dataclass(frozen=True)
class Result:
    codes: tuple[int | None, ...] | None
    logs: list[str]
    roots: list[Path]

    @property
    def code(self) -> int | None:
        assert self.codes is not None
        return self.codes[0]

    @property
    def log(self) -> str:
        return self.logs[0]

    @property
    def ml(self) -> Path:
        return self.roots[0] / "opt/ml"

    @property
    def failure(self) -> str:
        return (self.ml / "output/failure").read_text()


class Bench:
    """Prepare container folders and run groups in them."""

    def __init__(self, runtime: ProcessRuntime, folder: Path) -> None:
        self.runtime = runtime
        self.folder = folder
        self._numbers = itertools.count()

    def new_root(self, files: Mapping[str, Any] | None = None) -> Path:
        root = self.folder / f"job{next(self._numbers)}"
        (root / "opt/ml").mkdir(parents=True)
        for name, content in (files or {}).items():
            path = root / "opt/ml" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(content if isinstance(content, str) else json.dumps(content))
        return root

    def spec(
        self, root: Path, *command: str, host: str = "algo-1", image: str = XGBOOST, **fields: Any
    ) -> ContainerSpec:
        fields = {"environment": {}, "log_path": root / "log.txt", **fields}
        return ContainerSpec(host=host, image=image, root=root, command=command, **fields)

    def run(self, *specs: ContainerSpec, isolated: bool = False, timeout: float = 60) -> Result:
        group = self.runtime.start(ContainerGroup("test", specs, network_isolated=isolated))
        codes = group.wait(timeout)
        if codes is None:
            group.stop(0)
        return Result(codes, [spec.log_path.read_text() for spec in specs], [spec.root for spec in specs])

    def script(self, source: str, *arguments: str, isolated: bool = False, **fields: Any) -> Result:
        root = self.new_root({"code/script.py": source})
        spec = self.spec(root, "python3", "/opt/ml/code/script.py", *arguments, **fields)
        return self.run(spec, isolated=isolated)

    def train(self, files: Mapping[str, Any], *, isolated: bool = False, **fields: Any) -> Result:
        return self.run(self.spec(self.new_root(files), "train", **fields), isolated=isolated)


@pytest.fixture(scope="session")
def open_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Bench]]:
    """Return benches by sandbox mode; each mode's runtime starts once."""
    benches: dict[str, Bench] = {}

    def open_one(sandbox: str) -> Bench:
        if sandbox not in benches:
            folder = tmp_path_factory.mktemp(sandbox)
            benches[sandbox] = Bench(open_runtime(Settings(root=folder, sandbox=sandbox)), folder)
        return benches[sandbox]

    yield open_one
    for bench in benches.values():
        bench.runtime.close()


@pytest.fixture(scope="session")
def bench(open_bench: Callable[[str], Bench]) -> Bench:
    """Return a bench whose containers see a real /opt/ml."""
    found = open_bench("auto")
    if not found.runtime.has_real_paths:
        pytest.skip("this machine allows no Linux namespaces")
    return found


@pytest.fixture(scope="session")
def remap_bench(open_bench: Callable[[str], Bench]) -> Bench:
    """Return a bench whose containers get remapped paths."""
    return open_bench("remap")
