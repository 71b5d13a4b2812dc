"""The site that a request came to, for Litestar's handlers."""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import Scope

from app.web.hosts import Site

# Litestar would try to convert the value, and knows no union of dataclasses.
SiteHere = NamedDependency[SkipValidation[Site]]


def set_site(scope: Scope, site: Site, *, host: str) -> None:
    """Remember the site for the handler, and the Host header that the public used."""
    scope.setdefault("state", {}).update(site=site, host=host)


def provide_site(request: Request[Any, Any, Any]) -> Site:
    """The dependency `site`."""
    site: Site = request.scope["state"]["site"]
    return site
