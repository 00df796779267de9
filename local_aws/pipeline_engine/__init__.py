"""Execute SageMaker pipeline definitions step by step.

How the pieces fit: `parse` turns the definition's JSON into the frozen dataclasses of `model`; `checks` finds what
cannot work before anything runs; `plan` says which steps may start, given what has ended; `references` and
`conditions` evaluate expressions; `cache` and `retry` hold SageMaker's rules for both; `steps` has one function per
step type, all of which create their resources through boto3 under the pipeline's role; `executor` runs one execution,
a thread a step; `records` keeps what the API shows, so that any API call, and a restarted server, sees the truth.
"""
