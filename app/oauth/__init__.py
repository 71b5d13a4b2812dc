"""End users' login: every server that asks for one is an authorization server of its own.

| path on a server's site | file |
|---|---|
| /.well-known/oauth-protected-resource, …/api/mcpserver[/{trackingId}]/mcp | metadata |
| /.well-known/oauth-authorization-server, /.well-known/openid-configuration | metadata |
| /oauth/jwks | metadata |
| /oauth/register | register |
| /oauth/authorize | authorize |
| /oauth/consent | consent |
| /oauth/login | login |
| /oauth/callback | callback |
| /oauth/token | token |
| /oauth/revoke | revoke |

`endpoint` is the ASGI door, `routes` the table of the above, `request` and `answer` what goes into
and comes out of a handler, `plane` what handlers work with, `address` where a request arrived.
`client` finds the client that a request names, `deciding` asks Authlib whether the client may ask
so, `resource` tells which addresses are this server's, `errors` renders what goes wrong for
machines and `cors` says what scripts of other sites may read. For people: `asking` asks Authlib
whether a login may begin so, `browser` knows the cookie, `provider` whom the customer's people log
in with, `pages` what is shown, `refusal` what is told when nothing can be, and `leaving` the way
back to the client. The rules are the domain's.
"""
