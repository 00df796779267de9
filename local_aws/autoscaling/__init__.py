"""Application Auto Scaling of endpoint variants: targets, policies, their alarms, and what these set off. A simulation.

`operations` answers the API, `policies` makes the alarms of a policy, `scaler` is what an alarm in state ALARM calls,
`tracking` is the arithmetic, `records` keeps everything in the store; `registered` says whether a variant is a target.
"""

from local_aws.autoscaling.records import registered

__all__ = ["registered"]
