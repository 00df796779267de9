"""Answer for AWS's own image registries: they hold the managed images that the local AWS stands in for."""

from typing import Any

from local_aws.containers.images import UnsupportedImageError, find_image
from local_aws.sagemaker.operations import Context, NotOursError
from local_aws.small_services import answers

_MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}'


@answers("ecr", "BatchGetImage")
def batch_get_image(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Return an empty manifest (a simulation) for each managed image; the account's own registry is moto's."""
    registry, repository = request.get("registryId", context.account_id), request["repositoryName"]
    if registry == context.account_id:
        raise NotOursError
    answer: dict[str, Any] = {"images": [], "failures": []}
    for image_id in request["imageIds"]:
        uri = f"{registry}.dkr.ecr.{context.region}.amazonaws.com/{repository}:{image_id.get('imageTag', '')}"
        identity = {"registryId": registry, "repositoryName": repository, "imageId": image_id}
        try:
            find_image(uri)
        except UnsupportedImageError as err:
            reason = {"imageId": image_id, "failureCode": "ImageNotFound", "failureReason": str(err)}
            answer["failures"].append(reason)
        else:
            answer["images"].append({**identity, "imageManifest": _MANIFEST})
    return answer
