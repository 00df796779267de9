"""`python -m local_aws endpoints`: tell which processes serve which endpoint."""

import argparse
import json
import sys
import urllib.request

from local_aws import launcher

_NOT_RUNNING = 3


def run(options: argparse.Namespace) -> int:
    """Print a line per instance in service."""
    server = launcher.status(options.root)
    if server is None:
        sys.stderr.write(f"no local AWS runs on {options.root}; start it with `python -m local_aws up`\n")
        return _NOT_RUNNING
    url = f"http://127.0.0.1:{server.port}{launcher.ENDPOINTS_PATH}"
    with urllib.request.urlopen(url, timeout=30) as response:
        instances = json.load(response)["instances"]
    for item in instances:
        place = f"{item['endpoint']}/{item['variant']}/{item['instance']}"
        pids = " ".join(str(pid) for pid in item["pids"])
        sys.stdout.write(f"{place}  in flight {item['in_flight']}  processes {pids}\n")
    if not instances:
        sys.stdout.write("no endpoint is in service\n")
    return 0
