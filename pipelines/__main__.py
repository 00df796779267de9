"""Run `python -m pipelines <verb>`: one module of `pipelines.verbs` per verb."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from pipelines.errors import PipelineError

VERBS = (
    "run", "render", "check", "upsert", "start", "wait", "status", "steps", "logs", "list", "stop", "approve",
    "reject", "upload-data", "resources", "synth", "deploy", "diff", "destroy", "doctor",
)  # fmt: skip


INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; exit code 0 is success, 1 failure, 2 a usage error."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.verb_module.run(arguments))
    except PipelineError as error:
        if arguments.debug:
            traceback.print_exc()
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    except (BotoCoreError, ClientError) as error:
        if arguments.debug:
            traceback.print_exc()
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines", description="Build, check, run and follow the pipeline"
    )
    verbs = parser.add_subparsers(required=True, metavar="verb", title="verbs")
    for verb in VERBS:
        module = importlib.import_module(f"pipelines.verbs.{verb.replace('-', '_')}")
        verb_parser = verbs.add_parser(verb, help=module.SUMMARY, description=module.__doc__)
        verb_parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        module.configure(verb_parser)
        verb_parser.set_defaults(verb_module=module)
    return parser


if __name__ == "__main__":
    sys.exit(main())
