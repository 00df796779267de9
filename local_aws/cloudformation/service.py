"""Answer requests to CloudFormation."""

from typing import Any

from local_aws.cloudformation import change_sets, query_protocol
from local_aws.cloudformation.actor import CallerContext
from local_aws.cloudformation.operations import OPERATIONS
from local_aws.errors import NotSimulatedError
from local_aws.http_server import Environ
from local_aws.sagemaker.operations import Context
from local_aws.sagemaker.validation import service_model

SERVICE = "cloudformation"
_ = change_sets  # its operations register themselves


def answer(context: Context, environ: Environ, access_key: str) -> bytes:
    """Return the XML that answers a request, which was signed by an access key.

    Raises:
        ApiError: The operation refuses the request.
        NotSimulatedError: The operation is not simulated.
    """
    context = CallerContext(context.account_id, context.region, context.plane, access_key)
    body: Any = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    form = query_protocol.form_of(body, environ.get("QUERY_STRING", ""))
    name = form.get("Action", "")
    if name not in OPERATIONS:
        raise NotSimulatedError(
            f"The local AWS does not simulate CloudFormation's {name}. It simulates: {', '.join(sorted(OPERATIONS))}."
        )
    model = service_model(SERVICE).operation_model(name)
    response = OPERATIONS[name](context, query_protocol.parsed(model, form))
    return query_protocol.answer(model, response)
