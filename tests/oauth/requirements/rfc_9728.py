"""RFC 9728, protected resource metadata, as far as it asks something of the resource."""

from typing import Final

from tests.oauth.requirements.row import must

RFC_9728: Final = (
    must(
        "RFC 9728 §2",
        "resource is there",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
    ),
    must(
        "RFC 9728 §1.2, §7.1",
        "a resource identifier is https and has no fragment",
        "oauth/test_musts_of_servers.py::"
        "test_where_the_public_comes_by_https_clients_are_told_no_other_address",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
    ),
    must(
        "RFC 9728 §3, §3.1",
        "the metadata stand at the well-known address with the resource's path behind it",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
        "oauth/test_metadata.py::test_there_is_no_metadata_of_what_is_no_mcp_address",
    ),
    must(
        "RFC 9728 §3.1",
        "they are had by GET",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
        "oauth/test_metadata.py::test_a_script_of_any_page_may_read_metadata",
    ),
    must(
        "RFC 9728 §3.2",
        "they are a JSON object, sent as application/json with 200",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
    ),
    must(
        "RFC 9728 §3.2",
        "what has no value is left out",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
    ),
    must(
        "RFC 9728 §3.3",
        "resource is identical to the address that they were asked for",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
        "oauth/test_metadata.py::test_an_alias_of_a_server_is_an_issuer_too",
        "oauth/test_metadata.py::test_no_host_header_has_a_say_in_what_caches_keep",
    ),
    must(
        "RFC 9728 §3.3",
        "behind a challenge, resource is identical to the address that was refused",
        "oauth/test_resource_server.py::"
        "test_the_challenge_leads_to_the_metadata_of_the_very_address",
        "oauth/test_resource_server_addresses.py::"
        "test_whoever_knows_one_address_is_led_to_the_issuer_of_that_very_host",
    ),
    must(
        "RFC 9728 §5.1",
        "resource_metadata in WWW-Authenticate is their address",
        "oauth/test_resource_server.py::"
        "test_the_challenge_leads_to_the_metadata_of_the_very_address",
    ),
    must(
        "RFC 9728 §6",
        "texts are compared letter by letter, and nothing is normalized for it",
        "oauth/test_musts_of_servers.py::test_a_resource_is_compared_letter_by_letter",
    ),
)
