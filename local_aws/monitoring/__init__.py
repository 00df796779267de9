"""Run Model Monitor's schedules: each firing is an execution with a real processing job. A simulation.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-scheduling.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html.
"""
