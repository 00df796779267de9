"""`python -m local_aws up|down|status|serve|clock|endpoints|iam-report`: the local AWS in back- or foreground."""

import argparse
import shlex
import sys
from pathlib import Path

from local_aws import clock_command, endpoints_command, launcher
from local_aws.errors import LocalAwsError
from local_aws.iam import report_command
from local_aws.server_file import RunningServer

_NOT_RUNNING = 3


def main(argv: list[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 failed, 2 wrong usage, 3 not running (status)."""
    options = _parser().parse_args(argv)
    options.root = options.root.resolve()
    try:
        code: int = options.verb(options)
    except LocalAwsError as err:
        print(f"local_aws: {err}", file=sys.stderr)
        return 1
    return code


def _up(options: argparse.Namespace) -> int:
    arguments = ["--port", str(options.port), "--idle-shutdown", str(options.idle_shutdown)]
    arguments += ["--sandbox", options.sandbox, "--iam", options.iam]
    arguments += ["--keep-job-folders"] if options.keep_job_folders else []
    arguments += ["--fresh"] if options.fresh else []
    arguments += [word for image in options.image for word in ("--image", image)]
    if options.fresh and launcher.status(options.root):
        print("local_aws: a local AWS runs already, --fresh needs `down` first", file=sys.stderr)
        return 1
    server = launcher.up(options.root, arguments)
    if options.port not in {0, server.port}:
        print(f"local_aws: it runs already, on port {server.port}", file=sys.stderr)
    for notice in server.notices:
        print(f"local_aws: {notice}", file=sys.stderr)
    _print_exports(server)
    return 0


def _down(options: argparse.Namespace) -> int:
    ended = launcher.down(options.root)
    print("the local AWS has ended" if ended else "no local AWS runs", file=sys.stderr)
    return 0


def _status(options: argparse.Namespace) -> int:
    server = launcher.status(options.root)
    if server is None:
        print(f"no local AWS runs on {options.root}", file=sys.stderr)
        return _NOT_RUNNING
    print(f"the local AWS runs as process {server.pid}", file=sys.stderr)
    _print_exports(server)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from local_aws import serve  # noqa: PLC0415 - the other verbs start without the server's imports

    return serve.run(options)


def _print_exports(server: RunningServer) -> None:
    for name, value in server.environment.items():
        print(f"export {name}={shlex.quote(value)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="up|down|status|serve|clock|endpoints|iam-report")
    for name, verb, text in (
        ("up", _up, "start it in the background; print `export NAME=value` lines"),
        ("down", _down, "end it and every job"),
        ("status", _status, "tell whether it runs"),
        ("serve", _serve, "run it in the foreground"),
        ("clock", clock_command.run, "tell the local time, let it pass, or make it faster"),
        ("endpoints", endpoints_command.run, "tell which processes serve which endpoint"),
        ("iam-report", report_command.run, "tell which permissions roles used, lacked, and never used"),
    ):
        child = verbs.add_parser(name, help=text, description=text)
        child.set_defaults(verb=verb)
        child.add_argument("--root", type=Path, default=Path(".local/aws"), help="its folder (%(default)s)")
        if name in {"up", "serve"}:
            _add_settings(child)
        if name == "clock":
            clock_command.add_options(child)
        if name == "iam-report":
            report_command.add_options(child)
    return parser


def _image(text: str) -> str:
    repository, _, command = text.partition("=")
    if not repository or not command.strip():
        raise argparse.ArgumentTypeError(f"{text!r} has not the form REPOSITORY=COMMAND")
    return text


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--idle-shutdown", type=float, default=0, help="end after so many idle seconds; 0 is never")
    parser.add_argument("--sandbox", choices=("auto", "namespaces", "remap"), default="auto", help="how jobs run")
    parser.add_argument("--iam", choices=("off", "enforce", "record"), default="off", help="authorise every call")
    parser.add_argument("--keep-job-folders", action="store_true", help="keep what jobs leave on disk")
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        type=_image,
        metavar="REPOSITORY=COMMAND",
        help="an image of your own, and the command that serves a model in it; may be repeated",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the state of earlier runs")


if __name__ == "__main__":
    raise SystemExit(main())
