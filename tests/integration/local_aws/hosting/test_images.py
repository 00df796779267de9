"""Images of the account's own, and the page that tells which processes serve."""

import json
import os
import signal
import urllib.request

import pytest
from botocore.exceptions import ClientError

from local_aws.launcher import ENDPOINTS_PATH
from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.integration.local_aws.hosting.conftest import ROLE, Hosting

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own-server:1"
SERVER = """
import os, socketserver
from http.server import BaseHTTPRequestHandler

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def address_string(self): return 'host'
    def do_GET(self): self.answer(b'')
    def do_POST(self): self.answer(b'own:' + self.rfile.read(int(self.headers['Content-Length'])))
    def answer(self, body):
        self.send_response(200)
        self.send_header('X-Amzn-SageMaker-Custom-Attributes', self.headers['X-Amzn-SageMaker-Custom-Attributes'] or '')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

socketserver.ThreadingUnixStreamServer(os.environ['LOCAL_AWS_SERVE_SOCKET'], Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def own_aws(tmp_path_factory):
    """A local AWS that knows the image."""
    folder = tmp_path_factory.mktemp("own")
    server = folder / "own_server.py"
    server.write_text(SERVER, encoding="utf-8")
    settings = Settings(root=folder / "aws", images={"own-server": f"python3 {server}"}, stop_grace_seconds=1)
    with LocalAws(settings) as aws:
        yield aws


@pytest.fixture
def own(own_aws, unique):
    hosting = Hosting(lambda service: own_aws.clients(service, own_aws.settings.region), "", unique)
    yield own_aws, hosting
    hosting.end()


@pytest.fixture
def endpoint(own, unique):
    hosting = own[1]
    model = unique("model")
    hosting.sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    return hosting.endpoint(hosting.variant(ModelName=model))


def test_the_accounts_own_image_serves_by_its_command(own, endpoint):
    answer = own[1].runtime.invoke_endpoint(EndpointName=endpoint, Body="x", CustomAttributes="trace=7")

    assert (answer["Body"].read(), answer["CustomAttributes"]) == (b"own:x", "trace=7")


def test_the_processes_of_an_instance_are_told_and_may_be_killed(own, endpoint):
    aws, hosting = own

    def instances():
        with urllib.request.urlopen(f"{aws.endpoint_url}{ENDPOINTS_PATH}") as page:
            return json.load(page)["instances"]

    [before] = instances()
    os.kill(before["pids"][-1], signal.SIGKILL)
    answer = hosting.ask(endpoint, "x")
    [after] = instances()

    assert (before["endpoint"], before["variant"]) == (endpoint, "champion")
    assert answer == "own:x"
    assert after["instance"] != before["instance"]


def test_an_image_that_nothing_stands_for_is_refused_with_what_to_do(hosting):
    model = hosting.unique("model")
    hosting.sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})

    with pytest.raises(ClientError, match="--image REPOSITORY=COMMAND"):
        hosting.start(hosting.config(hosting.variant(ModelName=model)))
