"""Publish the jobs' code bundles as file assets, named by what they hold."""

from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from pipelines.bundle import ROOT, Bundle, Bundles, CodeLocation, CodeLocations

_STAGING = ROOT / ".local" / "bundles"


class CodeBundles(Construct):
    """Both bundles as assets in the bootstrap bucket.

    Attributes:
        locations: Where they lie, as the pipeline definition needs it.
        object_arns: ARNs that job roles may read.
    """

    def __init__(self, scope: Construct, construct_id: str, *, bundles: Bundles) -> None:
        super().__init__(scope, construct_id)
        staged = {bundle.name: self._asset(bundle) for bundle in (bundles.processing, bundles.training)}
        self.locations = CodeLocations(**{name: _location(asset) for name, asset in staged.items()})
        self.object_arns = {name: asset.bucket.arn_for_objects(asset.s3_object_key) for name, asset in staged.items()}

    def _asset(self, bundle: Bundle) -> assets.Asset:
        path = _STAGING / bundle.digest / bundle.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bundle.content)
        return assets.Asset(self, bundle.name.capitalize(), path=str(path), asset_hash=bundle.digest)


def _location(asset: assets.Asset) -> CodeLocation:
    return CodeLocation(uri=f"s3://{asset.s3_bucket_name}/{asset.s3_object_key}", filename=asset.s3_object_key)
