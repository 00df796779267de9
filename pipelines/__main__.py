"""Run `python -m pipelines <verb>`: one module of `pipelines.verbs` per verb."""

import argparse
import difflib
import importlib
import sys
import traceback
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from pipelines.errors import PipelineError

VERBS = (
    "run", "render", "check", "upsert", "start", "wait", "status", "steps", "logs", "list", "stop", "approve",
    "reject", "upload-data", "resources", "synth", "deploy", "diff", "destroy", "doctor", "plan-experiment",
    "demo-release", "demo-drift", "loadtest", "lineage", "score",
)  # fmt: skip


USAGE_ERROR, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; exit code 0 is success, 1 failure, 2 a usage error."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given and (hint := _nearest(given[0])):
        print(f"error: there is no verb {given[0]!r}; did you mean {hint!r}?", file=sys.stderr)
        return USAGE_ERROR
    arguments = _parser().parse_args(given)
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


def _nearest(verb: str) -> str:
    """Return the verb that was meant, where it was misspelt."""
    near = [] if verb in VERBS or verb.startswith("-") else difflib.get_close_matches(verb, VERBS, n=1)
    return near[0] if near else ""


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
