"""The customer's provider, as a login at this server needs it."""

import structlog

from app.core.sealed import Unreadable
from app.domain import admission, oauth_configs, oauth_flows
from app.domain.oauth_configs import Provider
from app.domain.oauth_errors import NotConfigured
from app.domain.oauth_logins import UpstreamRound
from app.domain.upstream_errors import ProviderFaulty
from app.oauth.plane import Plane
from app.oauth.request import Request

log = structlog.get_logger()


async def provider_of(plane: Plane, request: Request, trip: UpstreamRound) -> Provider:
    """The provider that the trip leads to. Raises ProviderFaulty where it must be entered anew.

    The person who logs in cannot mend that, and what is wrong is told to those who can: in the log.
    Where another provider was entered meanwhile, raises FlowOver: none is told what was another's
    (RFC 9700 §4.4.2).
    """
    scope = admission.server_scope(request.config)
    try:
        provider = await oauth_configs.provider(scope, plane.desk.sealer)
    except (NotConfigured, Unreadable) as error:
        log.warning(
            "upstream login failed",
            server=request.config.slug,
            code=error.code,
            reason=error.message,
        )
        raise ProviderFaulty(error.message) from error
    if provider.issuer != trip.issuer:
        raise oauth_flows.over()
    return provider
