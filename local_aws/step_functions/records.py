"""Name the records of state machines and executions, and their ARNs."""

from local_aws.store import Key

MACHINE = "state-machine"
EXECUTION = "states-execution"
RUNNING = "RUNNING"


def machine_arn(account_id: str, region: str, name: str) -> str:
    """Return a state machine's ARN."""
    return f"arn:aws:states:{region}:{account_id}:stateMachine:{name}"


def execution_arn(machine: str, name: str, kind: str = "execution") -> str:
    """Return the ARN of an execution of a state machine."""
    return f"{machine.replace(':stateMachine:', f':{kind}:', 1)}:{name}"


def machine_key(arn: str) -> Key:
    """Return the key of a state machine's record; versions and aliases are not kept."""
    _, _, _, region, account_id, _, name = arn.split(":", 6)
    return Key(MACHINE, name, account_id, region)


def execution_key(arn: str) -> Key:
    """Return the key of an execution's record."""
    _, _, _, region, account_id, *_ = arn.split(":")
    return Key(EXECUTION, arn, account_id, region)
