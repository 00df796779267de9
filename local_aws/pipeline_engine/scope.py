"""Give the expressions of one execution their values: parameters, variables, step properties, property files."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlparse

from local_aws.data_plane import DataPlane
from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.model import Definition
from local_aws.pipeline_engine.records import ExecutionRecords
from local_aws.pipeline_engine.references import Scope, look_up
from local_aws.pipeline_engine.steps.run import Execution, call_api


def execution_scope(
    plane: DataPlane, execution: Execution, records: ExecutionRecords, definition: Definition, job_name: str
) -> Scope:
    """Return the scope of one attempt of one step; `job_name` is the job it is about to create."""
    sources = _Sources(plane, execution, records, definition)
    variables = {
        "StartDateTime": _iso(execution.started),
        "CurrentDateTime": _iso(records.now()),
        "PipelineName": execution.pipeline_name,
        "PipelineArn": execution.pipeline_arn,
        "PipelineExecutionId": execution.execution_id,
        "PipelineExecutionArn": execution.arn,
        "TrainingJobName": job_name,
        "ProcessingJobName": job_name,
    }
    return Scope(
        parameters=execution.parameters,
        execution=variables.__getitem__,
        properties=sources.properties,
        property_file=sources.property_file,
        read_json=functools.cache(sources.read_json),  # a step often reads several values of one file
    )


@dataclass(frozen=True)
class _Sources:
    plane: DataPlane
    execution: Execution
    records: ExecutionRecords
    definition: Definition

    def properties(self, name: str) -> Mapping[str, Any]:
        """Return the properties of a step that has succeeded."""
        record = self.records.step(name)
        if record is None or "_properties" not in record:
            raise StepFailedError(
                f"ClientError: Step '{name}' has no properties: it did not succeed in this execution."
            )
        properties: dict[str, Any] = record["_properties"]
        return properties

    def property_file(self, step_name: str, file_name: str) -> str:
        """Return where a step's property file is: below the processing output it belongs to."""
        file = next(file for file in self.definition.by_name[step_name].property_files if file.name == file_name)
        path = f"ProcessingOutputConfig.Outputs['{file.output_name}'].S3Output.S3Uri"
        folder = look_up(self.properties(step_name), path, f"Property file '{file_name}' of step '{step_name}'")
        return f"{folder.rstrip('/')}/{file.file_path}"

    def read_json(self, uri: str) -> Any:
        """Return the parsed content of an S3 object, read under the pipeline's role."""
        location = urlparse(uri)
        s3 = self.plane.client("s3", self.execution.region, self.execution.role_arn)
        request = {"Bucket": location.netloc, "Key": location.path.lstrip("/")}
        body = call_api(s3, "get_object", request, f"Property file '{uri}' cannot be read")["Body"].read()
        try:
            return json.loads(body)
        except ValueError as err:
            raise StepFailedError(f"ClientError: Property file '{uri}' is not valid JSON: {err}.") from err


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
