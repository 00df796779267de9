"""Tell which permissions a call of Glue's catalogue takes: on the catalogue, the database and the table at once.

Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
"""

from collections.abc import Iterator

from local_aws.iam import resources
from local_aws.iam.calls import Parameters
from local_aws.iam.requirements import Place, Requirement, tag_context, tags_of


def glue_requirements(action: str, given: Parameters, place: Place) -> Iterator[Requirement]:
    """Iterate over the permissions of one Glue call."""
    kinds = {kind.rstrip("!") for kind in resources.reference()["glue"]["actions"][action][0]}
    if "rootcatalog" not in kinds or not kinds & {"database", "table"}:
        for arn in resources.arns("glue", action, given, place):
            yield Requirement(f"glue:{action}", arn, tag_context(tags_of(given)))
        return
    for resource in _catalogue(action, given):
        yield Requirement(f"glue:{action}", place.arn("glue", resource))


def _catalogue(action: str, given: Parameters) -> Iterator[str]:
    yield "catalog"
    names_table = "Table" in action
    database = given.get("DatabaseName") or (given.get("DatabaseInput") or {}).get("Name") or given.get("Name") or "*"
    yield f"database/{database}"
    if names_table:
        table = (given.get("TableInput") or {}).get("Name") or given.get("TableName") or given.get("Name") or "*"
        yield f"table/{database}/{table}"
    elif action == "DeleteDatabase":
        yield f"table/{database}/*"
        yield f"userDefinedFunction/{database}/*"
