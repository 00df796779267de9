import json
from typing import Any

import pytest

from tests.integration.local_aws.pipeline_engine.pipelines import ROLE, Pipeline


@pytest.fixture
def create(local_aws, client, unique):
    """Create a pipeline of steps: `create(step, …, Parameters=[…])`."""

    def make(*steps: dict[str, Any], **definition: Any) -> Pipeline:
        name = unique("pipeline")
        text = json.dumps({"Version": "2020-12-01", "Metadata": {}, "Steps": list(steps), **definition})
        client("sagemaker").create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=ROLE)
        return Pipeline(local_aws, client("sagemaker"), name)

    return make
