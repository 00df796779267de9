"""What the operations of all job kinds share: names that are taken, jobs that are not there, pages of a list."""

from collections.abc import Callable, Mapping

from local_aws.containers.images import find_image
from local_aws.errors import ResourceInUseError, ResourceNotFoundError, ValidationError
from local_aws.sagemaker.listing import SortKey, cut_page, select
from local_aws.sagemaker.operations import Context, Request, Response
from local_aws.store import Record


class JobKind:
    """One kind of job: its API names derive from one word.

    Args:
        word: `Processing`, `Training` or `Transform`.
    """

    def __init__(self, word: str, summary: tuple[str, ...]) -> None:
        self.word = word
        self.kind = f"{word.lower()}-job"
        self.name_field, self.arn_field = f"{word}JobName", f"{word}JobArn"
        self.status_field, self.end_field = f"{word}JobStatus", f"{word}EndTime"
        self._summary: tuple[str, ...] = (
            self.name_field,
            self.arn_field,
            "CreationTime",
            self.end_field,
            "LastModifiedTime",
        )
        self._summary += (self.status_field, *summary)

    def insert(self, context: Context, name: str, record: Record) -> None:
        """Record a new job.

        Raises:
            ResourceInUseError: The name is taken.
        """
        if not context.plane.store.insert(context.key(self.kind, name), record):
            raise ResourceInUseError(
                f"{self.word} job names must be unique within an AWS account and region, and a {self.word.lower()} job "
                f"with this name already exists ({context.arn(f'{self.kind}/{name}')})"
            )

    def find(self, context: Context, request: Request) -> Record:
        """Return the job that a request names.

        Raises:
            ValidationError: There is none (SageMaker says so with this code).
        """
        name = request[self.name_field]
        record = context.plane.store.get(context.key(self.kind, name))
        if record is None:
            raise missing(self, context, name)
        return record

    def stop(self, context: Context, request: Request, on_stop: Callable[[Record], None] = lambda _: None) -> None:
        """Mark a running job as Stopping and end it; a job that is Stopping already stays so.

        Args:
            context: Who asks.
            request: Names the job.
            on_stop: What else changes in the record of a job that is in progress.

        Raises:
            ValidationError: There is no such job, or it has ended.
        """
        key = context.key(self.kind, request[self.name_field])
        was = [self.find(context, request)[self.status_field]]

        def mark(job: Record) -> None:
            was[0] = job[self.status_field]
            if was[0] == "InProgress":
                job[self.status_field] = "Stopping"
                on_stop(job)

        context.plane.store.update(key, mark)
        if was[0] not in {"InProgress", "Stopping"}:
            raise ValidationError(
                f"The request was rejected because the {self.word.lower()} job is in status {was[0]}."
            )
        context.plane.jobs.stop(key)

    def list(self, context: Context, request: Request, sort_keys: Mapping[str, SortKey] | None = None) -> Response:
        """Return a page of summaries."""
        records = context.plane.store.list(self.kind, context.account_id, context.region)
        keys = {"Name": _by(self.name_field), "Status": _by(self.status_field), "CreationTime": _by("CreationTime")}
        page, token = cut_page(
            select(records, request, name=self.name_field, status=self.status_field),
            request,
            sort_keys={**keys, **(sort_keys or {})},
            sort_by="CreationTime",
        )
        summaries = [{name: record[name] for name in self._summary if name in record} for record in page]
        return {f"{self.word}JobSummaries": summaries, **token}


def missing(kind: JobKind, context: Context, name: str) -> ValidationError | ResourceNotFoundError:
    """Return the error for a job that does not exist, as SageMaker words it for the kind."""
    if kind.word == "Training":
        return ValidationError("Requested resource not found.")
    arn = context.arn(f"{kind.kind}/{name}")
    if kind.word == "Transform":
        return ResourceNotFoundError(f"Could not find transform job {name} ({arn}).")
    return ValidationError(f"Could not find requested job with name: {name}")


def check_image(uri: str) -> None:
    """Refuse, when a job is created, an image that the local AWS cannot run."""
    find_image(uri)


def _by(field: str) -> SortKey:
    return lambda record: record[field]
