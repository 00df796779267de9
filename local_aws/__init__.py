"""The local AWS: moto for the control plane, and a SageMaker data plane that really executes.

How the pieces fit: `gateway` receives every HTTP request. A SageMaker operation registered in `sagemaker/` is checked
against the botocore model and answered from the `store`; everything else goes to moto, completed by `moto_adapters/`.
Creating a job starts a thread in `jobs/` (or `tuning/`, `pipeline_engine/`), which builds the container contract on
disk and runs it through `containers/`. Jobs and engines reach S3 and SageMaker only as clients of the same gateway.
"""
