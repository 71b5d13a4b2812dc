"""Which client asks, by the client_id that it names."""

from app.domain import admission, client_documents, oauth_clients
from app.domain.oauth_clients import Client
from app.oauth.plane import Plane
from app.oauth.request import Request


async def named(plane: Plane, request: Request, client_id: str) -> Client:
    """The client that calls itself so; its metadata document is read unless a fresh one is known.

    Reading may take seconds. Raises InvalidClient.
    """
    scope = admission.server_scope(request.config)
    if client_documents.is_document_url(client_id):
        return await plane.documents.client(scope, client_id)
    return await oauth_clients.by_client_id(scope, client_id)


async def remembered(request: Request, client_id: str) -> Client:
    """The client as it was when it asked for a login; nothing is fetched. Raises InvalidClient."""
    return await oauth_clients.by_client_id(admission.server_scope(request.config), client_id)
