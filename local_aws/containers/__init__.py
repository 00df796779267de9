"""Run containers as processes: paths, isolation, images.

How the pieces fit: a job describes its containers (`spec`) and hands them to a `ContainerRuntime` (`runtime`), which
`process_runtime.open_runtime` opens. That resolves images (`images`), host names (`hosts`) and CPUs (`cpus`), remaps
paths where Linux namespaces are missing (`remap`), and has a warm process fork the containers (`fork_client`,
`fork_server`), which a `group` follows to their end. Inside, `toolkit` stands in for the managed images' `train` and
`serve`; `model_client` speaks to the latter from outside.
"""
