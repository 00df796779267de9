"""The SageMaker SDK as the client of an endpoint."""

import pytest


@pytest.mark.slow
def test_the_sdk_makes_invokes_and_deletes_an_endpoint(local_aws, hosting, unique, monkeypatch):
    resources = pytest.importorskip("sagemaker.core.resources")
    shapes = pytest.importorskip("sagemaker.core.shapes")
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    name, variant = unique("endpoint"), hosting.variant()
    hosting.endpoints.append(name)

    config = resources.EndpointConfig.create(
        endpoint_config_name=unique("config"),
        production_variants=[
            shapes.ProductionVariant(
                variant_name="champion",
                model_name=variant["ModelName"],
                initial_instance_count=1,
                instance_type="ml.m5.large",
            )
        ],
    )
    endpoint = resources.Endpoint.create(endpoint_name=name, endpoint_config_name=config.endpoint_config_name)
    hosting.wait(name)
    endpoint.wait_for_status("InService", poll=1)
    answer = endpoint.invoke(body="1,2", content_type="text/csv", inference_id="one")

    assert answer.body.read() == b"champion:1,2"
    assert answer.invoked_production_variant == "champion"
    endpoint.delete()
    hosting.gone(name)
