"""Where an MCP client sends its person to log in."""

from authlib.oauth2 import OAuth2Error

from app.core.errors import ProductError
from app.core.limiter import network_of
from app.domain import client_documents, oauth_clients, oauth_flows
from app.domain.desk import DOCUMENTS_PER_DAY, SUBSCRIBER_BITS
from app.domain.oauth_clients import Client
from app.domain.oauth_errors import InvalidRequest
from app.domain.oauth_flows import BEGINNINGS_PER_MINUTE
from app.oauth import answer, asking, browser, leaving, resource
from app.oauth.answer import Answer
from app.oauth.client import named
from app.oauth.pages import CONSENT_PATH
from app.oauth.plane import Plane
from app.oauth.request import Parameters, Request


async def authorize(plane: Plane, request: Request) -> Answer:
    """On to the question whether the client may know who the person is, in a login of its own.

    A request whose client or redirect URI is not to be trusted raises InvalidClient or
    InvalidRequest: nobody is sent anywhere. Of everything else the client hears. Raises TooMany
    too.
    """
    asked = request.asked
    client = await _client(plane, request, _client_id(asked))
    redirect_uri = oauth_clients.redirect_uri_of(client, asked.one("redirect_uri"))
    try:
        target = resource.agreed(request.origin, asked.every("resource"))
        begun = await oauth_flows.begin(
            request.config,
            plane.desk,
            request.visitor,
            asking.checked(asked, client, redirect_uri=redirect_uri, resource=target),
        )
    except (ProductError, OAuth2Error) as error:
        states = asked.every("state")
        return leaving.at_once(
            plane,
            request,
            client,
            redirect_uri=redirect_uri,
            state=states[0] if len(states) == 1 else None,
            error=error,
        )
    return answer.redirect(f"{CONSENT_PATH}?login={begun.flow.id}").with_headers(
        *browser.oldest_forgotten(request), browser.kept(begun)
    )


async def _client(plane: Plane, request: Request, client_id: str) -> Client:
    """Whoever asks may have us read strangers' documents, but not as often as they like."""
    if client_documents.is_document_url(client_id):
        await plane.desk.attempts.take(
            "name a document",
            network_of(request.visitor.address, bits=SUBSCRIBER_BITS),
            per_minute=BEGINNINGS_PER_MINUTE,
            per_day=DOCUMENTS_PER_DAY,
        )
    return await named(plane, request, client_id)


def _client_id(asked: Parameters) -> str:
    client_id = asked.one("client_id")
    if client_id is None:
        message = "The app did not say which app it is: client_id is missing."
        raise InvalidRequest(message, field="client_id")
    return client_id
