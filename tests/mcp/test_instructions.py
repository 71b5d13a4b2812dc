from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.mcp.instructions import instructions_for
from app.mcp.tool_definitions import tools_for
from tests.mcp.samples import Config

ALL_TOOLS = {tool.name for tool in tools_for(Config(walkthrough_toolset=Toolset.BOTH))}


def test_the_whole_text_reads_like_this() -> None:
    assert instructions_for(Config(instructions=" Be kind. ")) == (
        "This server helps people with Acme.\n"
        "\n"
        "Walkthroughs guide a person step by step; their progress is kept here. start_walkthrough "
        "starts or resumes one; when it answers with a list, ask the user which.\n"
        "- One step at a time. step_objectives and step_background are for you. Tell the user "
        "everything in relay_to_user. Carry out step_operations with the user's consent.\n"
        "- Wait until the user confirms that the step is done, and only then call get_next_step "
        "with its id as currentStepId. Never skip ahead.\n"
        "\n"
        "When you are stuck or the user wants help, offer get_support: ask for their e-mail "
        "address, describe the problem exactly, and never send secrets such as passwords, keys or "
        "tokens.\n"
        "\n"
        'When an answer holds a "run" value, pass it as run in every later call.\n'
        "\n"
        "From the provider of this server:\n"
        "Be kind."
    )


def test_a_server_without_tools_says_what_it_is_and_what_its_provider_says() -> None:
    config = Config(walkthrough_tools_enabled=False, support_ticket_type=SupportTicketType.NONE)
    assert instructions_for(config) == "This server helps people with Acme."


def test_exactly_the_tools_that_are_listed_are_named() -> None:
    for toolset, auth_type, support, has_walkthroughs in product(
        Toolset, AuthType, SupportTicketType, (True, False)
    ):
        config = Config(
            auth_type=auth_type,
            support_ticket_type=support,
            walkthrough_toolset=toolset,
            has_walkthroughs=has_walkthroughs,
        )
        told = instructions_for(config)
        listed = {tool.name for tool in tools_for(config)}
        assert {name for name in ALL_TOOLS if name in told} == listed


def test_where_people_log_in_nobody_is_asked_for_an_address() -> None:
    assert "e-mail" not in instructions_for(Config(auth_type=AuthType.CUSTOM_OAUTH))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=3000), st.sampled_from(Toolset))
def test_the_whole_stays_under_two_kilobytes(own: str, toolset: Toolset) -> None:
    config = Config(product="ü" * 40, instructions=own, walkthrough_toolset=toolset)
    assert len(instructions_for(config).encode()) < 2048


def test_a_long_text_of_the_providers_is_cut_between_words() -> None:
    told = instructions_for(Config(instructions="wörter " * 400))
    assert told.endswith("wörter…")
    assert 2030 < len(told.encode()) < 2048


def test_a_long_text_without_spaces_is_cut_between_characters() -> None:
    told = instructions_for(Config(instructions="😀" * 1000))
    assert told.endswith("😀…")
    assert 2040 < len(told.encode()) < 2048
