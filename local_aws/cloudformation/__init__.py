"""Simulate CloudFormation: stacks, change sets and exports, over the APIs of this same local AWS.

`service` speaks the protocol, `operations` holds the API, `deployment` runs a stack, `types` knows the resource types.
"""
