"""Run `python -m inference.engine`: compile the loops now, as the build of a serving image does."""

import sys

from inference.engine.kernel_store import CompilationError, compile_kernels, kernel_folder


def main() -> int:
    """Compile; exit code 1 where that is impossible."""
    try:
        folder = kernel_folder()
        compile_kernels(folder)
    except CompilationError as error:
        print(f"inference engine: {error}", file=sys.stderr)
        return 1
    print(f"compiled loops: {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
