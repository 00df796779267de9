"""Host models: real server processes behind SageMaker endpoints.

How the pieces fit: `endpoint` is one running endpoint, `fleet` the instances of one of its configurations, `variant`
those of one production variant, `instance` one of them with its containers; `connection` speaks to a container.
`invocation` answers a request, `capture` and `metrics` record it, `runtime_api` is its HTTP. `deployment` changes what
runs. `running` knows every endpoint of the local AWS.
"""
