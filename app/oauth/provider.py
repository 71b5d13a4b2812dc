"""The customer's provider, as a login at this server needs it."""

import structlog

from app.core.sealed import Unreadable
from app.domain import admission, oauth_configs
from app.domain.oauth_configs import Provider
from app.domain.oauth_errors import NotConfigured
from app.domain.upstream_errors import ProviderFaulty
from app.oauth.plane import Plane
from app.oauth.request import Request

log = structlog.get_logger()


async def provider_of(plane: Plane, request: Request) -> Provider:
    """The provider of this server. Raises ProviderFaulty where somebody must enter it anew.

    The person who logs in cannot mend that, and what is wrong is told to those who can: in the log.
    """
    scope = admission.server_scope(request.config)
    try:
        return await oauth_configs.provider(scope, plane.desk.sealer)
    except (NotConfigured, Unreadable) as error:
        log.warning(
            "upstream login failed",
            server=request.config.slug,
            code=error.code,
            reason=error.message,
        )
        raise ProviderFaulty(error.message) from error
