"""Open the Jinja templates and styles of a package: everything escaped, nothing undefined."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_ROOT = Path(__file__).parents[2]


def environment_of(package: str) -> Environment:
    """Return the environment of a package's `templates` folder."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def styles_of(*packages: str) -> Markup:
    """Return the packages' style sheets, one after the other."""
    files = [_ROOT.joinpath(*package.split("."), "templates", "style.css") for package in packages]
    return Markup("\n".join(file.read_text(encoding="utf-8") for file in files))  # noqa: S704 - our own files
