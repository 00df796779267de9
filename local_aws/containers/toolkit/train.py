"""Be the `train` command of a managed image: script mode, or the image's own algorithm. A simulation."""

import traceback
from pathlib import Path

from local_aws.containers.toolkit import user_code, user_script
from local_aws.containers.toolkit.errors import ClientError, ToolkitError
from local_aws.containers.toolkit.training_environment import TrainingEnvironment
from local_aws.containers.toolkit.xgboost_algorithm import training as xgboost_algorithm


def main(family: str) -> int:
    """Train as the container's configuration says; return the container's exit code."""
    environment = TrainingEnvironment.read(family)
    for folder in ("model", "output/data", "output/intermediate"):
        (environment.base / folder).mkdir(parents=True, exist_ok=True)
    try:
        _train(environment)
    except ToolkitError as error:
        return _fail(environment.base, str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the toolkit's own last resort
        return _fail(environment.base, f"framework error: \n{traceback.format_exc()}\n{error}", 1)
    print("local AWS: Reporting training SUCCESS", flush=True)  # noqa: T201 - the container's log
    return 0


def _train(environment: TrainingEnvironment) -> None:
    if environment.program is not None:
        _run_script(environment)
    elif environment.framework == "xgboost":
        xgboost_algorithm.train(environment)
    else:
        raise ClientError(
            f"hyperparameter sagemaker_program is missing: the {environment.framework} image has no algorithm of its "
            "own and trains in script mode only"
        )


def _run_script(environment: TrainingEnvironment) -> None:
    code = environment.base / "code"
    source = environment.toolkit.get("sagemaker_submit_directory")
    print("local AWS: script mode (a simulation of the image's toolkit)", flush=True)  # noqa: T201 - the log
    user_code.fetch(str(source) if source else str(code), code)
    program = str(environment.program)
    if not (code / program).is_file():
        files = ", ".join(sorted(path.name for path in code.iterdir())) or "nothing"
        raise ClientError(
            f"sagemaker_program is {program!r}, which is not in the code; in {source or code} is: {files}"
        )
    user_code.install(code)
    user_script.run(program, environment.arguments(), code, environment.variables())


def _fail(base: Path, message: str, exit_code: int) -> int:
    (base / "output").mkdir(parents=True, exist_ok=True)
    (base / "output" / "failure").write_text(message, encoding="utf-8")
    print(f"local AWS: Reporting training FAILURE\n{message}", flush=True)  # noqa: T201 - the container's log
    return exit_code
