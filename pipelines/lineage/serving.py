"""Where a package is in use: models made of it, endpoints whose variants serve it, batch scoring."""

from collections.abc import Mapping
from typing import Any

from pipelines.lineage.lookup import Lookup
from pipelines.lineage.records import Record, model_packages_of

_MOST_TRANSFORM_JOBS = 50


class Serving:
    """Finds what uses a package; a model is described once."""

    def __init__(self, lookup: Lookup, package: Record) -> None:
        self._lookup = lookup
        self._made_of = {package["arn"], package["model_data_url"]} - {None}
        self._uses: dict[str, bool] = {}

    def endpoints(self) -> list[Record]:
        """Return the endpoints with a variant that serves the package."""
        listed = self._lookup.attempt(
            "endpoints", lambda: list(self._lookup.pages("sagemaker", "list_endpoints", "Endpoints"))
        )
        found = [self._endpoint(item["EndpointName"]) for item in listed or []]
        return [endpoint for endpoint in found if endpoint and endpoint["variants"]]

    def transform_jobs(self) -> list[Record]:
        """Return the newest batch transform jobs that scored with the package."""
        found = []
        for name in self._lookup.attempt("batch transform jobs", self._transform_names) or []:
            job = self._describe("transform_job", "TransformJobName", name)
            if job and self._is_of_package(job["ModelName"]):
                found.append(
                    {
                        "job": name,
                        "status": job.get("TransformJobStatus"),
                        "created": job.get("CreationTime"),
                        "input": job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"],
                        "output": job["TransformOutput"]["S3OutputPath"],
                    }
                )
        return found

    def _endpoint(self, name: str) -> Record | None:
        endpoint = self._describe("endpoint", "EndpointName", name)
        config = endpoint and self._describe("endpoint_config", "EndpointConfigName", endpoint["EndpointConfigName"])
        if not endpoint or not config:
            return None
        now = {variant["VariantName"]: variant for variant in endpoint.get("ProductionVariants", [])}
        return {
            "name": name,
            "status": endpoint.get("EndpointStatus"),
            "config": endpoint["EndpointConfigName"],
            "variants": [
                _variant(variant, now.get(variant["VariantName"], {}))
                for variant in config.get("ProductionVariants", [])
                if self._is_of_package(variant.get("ModelName"))
            ],
        }

    def _is_of_package(self, model: str | None) -> bool:
        if model is None:
            return False
        if model not in self._uses:
            described = self._describe("model", "ModelName", model) or {}
            self._uses[model] = bool(self._made_of & model_packages_of(described))
        return self._uses[model]

    def _transform_names(self) -> list[str]:
        page = self._lookup.client("sagemaker").list_transform_jobs(
            SortBy="CreationTime", SortOrder="Descending", MaxResults=_MOST_TRANSFORM_JOBS
        )
        return [item["TransformJobName"] for item in page["TransformJobSummaries"]]

    def _describe(self, kind: str, argument: str, name: str) -> dict[str, Any] | None:
        call = getattr(self._lookup.client("sagemaker"), f"describe_{kind}")
        return self._lookup.attempt(f"{kind.replace('_', ' ')} {name}", lambda: dict(call(**{argument: name})))


def _variant(config: Mapping[str, Any], now: Mapping[str, Any]) -> Record:
    return {
        "variant": config["VariantName"],
        "model": config["ModelName"],
        "weight": now.get("CurrentWeight"),
        "instances": now.get("CurrentInstanceCount"),
    }
