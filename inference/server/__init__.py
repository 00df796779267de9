"""The project's own model server: SageMaker's container contract on an event loop in C.

How the pieces fit: the `supervisor` loads the model, opens the listeners and forks one `worker` a CPU; it keeps the
listeners, so what a killed worker had not accepted yet waits for its successor. In a worker each client is a
`connection` that parses HTTP; the `batcher` answers all requests that became readable in one tick of the event loop
together, with one call of the engine and no waiting.
"""
