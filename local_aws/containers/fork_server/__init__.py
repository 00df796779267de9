"""Fork containers from a process that has the job image's packages imported already.

How the pieces fit: the local AWS starts `loop` as a single-threaded helper process (`fork_client` is its other end).
`loop` imports what `warmup` names, then forks two processes per container: an init (`init`), which enters the
container's namespaces (`namespaces`), passes signals on and leaves nothing behind, and the command itself, which runs
warm in the fork where it is a Python command line (`interpreter`) and is executed otherwise (`command`).
"""
