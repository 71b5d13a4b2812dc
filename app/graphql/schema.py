"""The schema: every type and root field of the management plane."""

from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import GraphQLError, NoSchemaIntrospectionCustomRule
from strawberry.extensions import AddValidationRules, ParserCache
from strawberry.schema.config import StrawberryConfig
from typing_extensions import override

from app.graphql import vocabulary
from app.graphql.analytics.queries import AnalyticsQueries
from app.graphql.answer_size import AnswerSize
from app.graphql.end_users.mutations import EndUserMutations
from app.graphql.end_users.queries import EndUserQueries
from app.graphql.limits import Limits, TokenLimit
from app.graphql.organization import OrganizationMutations, OrganizationQueries
from app.graphql.people.accounts import AccountMutations
from app.graphql.people.invitations import InvitationMutations
from app.graphql.people.keys import ApiKeyMutations
from app.graphql.people.queries import PeopleQueries
from app.graphql.people.team import TeamMutations
from app.graphql.people.viewer import ViewerMutations, ViewerQueries
from app.graphql.servers.assignments import AssignmentMutations
from app.graphql.servers.mutations import ServerMutations
from app.graphql.servers.oauth import OAuthConfigMutations
from app.graphql.servers.queries import ServerQueries
from app.graphql.sessions import SessionQueries
from app.graphql.tickets.comments import TicketCommentMutations
from app.graphql.tickets.mutations import TicketMutations
from app.graphql.tickets.queries import TicketQueries
from app.graphql.tool_calls import ToolCallQueries
from app.graphql.walkthroughs.files import FileMutations
from app.graphql.walkthroughs.mutations import WalkthroughMutations
from app.graphql.walkthroughs.queries import WalkthroughQueries
from app.graphql.walkthroughs.steps import StepMutations

__all__ = ["Schema", "build_schema", "vocabulary"]


@strawberry.type(description="What can be read.")
class Query(
    ViewerQueries,
    OrganizationQueries,
    PeopleQueries,
    ServerQueries,
    WalkthroughQueries,
    TicketQueries,
    EndUserQueries,
    SessionQueries,
    ToolCallQueries,
    AnalyticsQueries,
):
    """The root of queries."""


@strawberry.type(description="What can be changed.")
class Mutation(
    AccountMutations,
    ViewerMutations,
    OrganizationMutations,
    TeamMutations,
    InvitationMutations,
    ApiKeyMutations,
    ServerMutations,
    OAuthConfigMutations,
    AssignmentMutations,
    WalkthroughMutations,
    StepMutations,
    FileMutations,
    TicketMutations,
    TicketCommentMutations,
    EndUserMutations,
):
    """The root of mutations."""


class Schema(strawberry.Schema):
    """A schema that leaves errors to the endpoint, which logs each of them once."""

    @override
    def process_errors(self, errors: Sequence[GraphQLError], execution_context: Any = None) -> None:
        """Take suggestions away where the schema is not told.

        Strawberry itself would log clients' mistakes, with their queries, as errors.
        """
        if self.config.disable_field_suggestions:
            for error in errors:  # Strawberry does it for fields only
                error.message = error.message.partition(" Did you mean")[0]


def build_schema(*, has_introspection: bool = True) -> Schema:
    """The schema; without introspection, names that a client must have got wrong stay unhelped."""
    extensions: list[Any] = [TokenLimit, lambda: ParserCache(maxsize=256), Limits, AnswerSize]
    if not has_introspection:
        extensions.append(lambda: AddValidationRules([NoSchemaIntrospectionCustomRule]))
    return Schema(
        query=Query,
        mutation=Mutation,
        extensions=extensions,
        config=StrawberryConfig(disable_field_suggestions=not has_introspection),
    )
