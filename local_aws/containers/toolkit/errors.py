"""Errors of the stand-in toolkit, worded as SageMaker's own toolkit words them.

ToolkitError
├── ClientError              the user's input or script is wrong
│   ├── InstallModuleError
│   └── ExecuteUserScriptError
└── AlgorithmError           something failed that the user cannot mend
"""


class ToolkitError(Exception):
    """Any error that ends a training with a failure file."""

    exit_code = 1


class ClientError(ToolkitError):
    """The user's input is wrong."""


class AlgorithmError(ToolkitError):
    """The algorithm failed."""


class InstallModuleError(ClientError):
    """`pip install` of the user's code failed."""

    def __init__(self, command: str, output: str) -> None:
        super().__init__(f'InstallModuleError:\nCommand "{command}"\n{output}'.rstrip())


class ExecuteUserScriptError(ClientError):
    """The user's script ended with another code than 0."""

    def __init__(self, command: str, exit_code: int, output: str) -> None:
        last = output.strip().rpartition("\n")[2]
        message = f'ErrorMessage "{last}"\n' if last else ""
        details = output if "\n" in output.strip() else ""
        text = f'ExecuteUserScriptError:\nExitCode {exit_code}\n{message}Command "{command}"\n{details}'
        super().__init__(text.rstrip())
        self.exit_code = exit_code


def without_stack(error: Exception) -> str:
    """Return what an XGBoost error says, without the addresses in its library."""
    return str(error).partition("Stack trace")[0].strip()
