"""Answer `/_local_aws/endpoints`: which processes of this machine serve which endpoint."""

from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.hosting.processes import tree


def answer(plane: DataPlane) -> dict[str, Any]:
    """Return every instance in service, with its requests in flight and its process ids.

    AWS has no such view. The first process is the container's own: where it is killed, the instance ends.
    """
    return {
        "instances": [
            {
                "endpoint": endpoint.key.name,
                "region": endpoint.key.region,
                "variant": variant,
                "instance": instance.id,
                "in_flight": instance.in_flight,
                "pids": tree(instance.pids),
            }
            for endpoint in plane.endpoints.all()
            for fleet in endpoint.fleets
            for variant, pool in [*fleet.pools.items(), *fleet.shadow_pools.items()]
            for instance in pool.instances
        ]
    }
