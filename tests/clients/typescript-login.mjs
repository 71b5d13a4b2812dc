// The TypeScript SDK, version 1, on a server whose end users log in: registers, is logged in once
// in a browser, walks, renews its tokens, also for several calls at once. Argument: the MCP address. The browser is whoever reads
// the address that is printed.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { walk } from "./walkthrough.mjs";

const [address] = process.argv.slice(2);

const callbacks = createServer((_, response) => response.end("Go back to your terminal."));
callbacks.listen(0, "127.0.0.1");
await once(callbacks, "listening");
const redirectUrl = `http://127.0.0.1:${callbacks.address().port}/callback`;

const kept = {};
let opened = 0;
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: "TypeScript SDK",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  state: () => "a-state",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  invalidateCredentials: () => assert.fail("the login was lost"),
  redirectToAuthorization: (url) => {
    opened += 1;
    console.log(`  ${url}`);
  },
};

async function connect() {
  const transport = new StreamableHTTPClientTransport(new URL(address), { authProvider: provider });
  const client = new Client({ name: "typescript-sdk", version: "1" });
  return { transport, client, connected: client.connect(transport) };
}

const came = once(callbacks, "request");
const first = await connect();
await assert.rejects(first.connected, UnauthorizedError);
const [request] = await came;
const told = new URL(request.url, redirectUrl).searchParams;
assert.deepEqual([told.get("state"), told.get("iss")], ["a-state", new URL(address).origin]);
await first.transport.finishAuth(told.get("code"));

const { client, transport, connected } = await connect();
await connected;
const before = kept.tokens;
const seen = await walk((name, args) => {
  if (name === "get_support") delete args.email; // the login told the address
  return client.callTool({ name, arguments: args });
});
console.log(`  logged in as ${kept.client.client_name}: ${seen}`);

// As if the token had run out: what a refused one leads to, without a browser.
kept.tokens = { ...before, access_token: "expired" };
await client.listTools();
assert.notEqual(kept.tokens.refresh_token, before.refresh_token);

// Agents call tools side by side, and this SDK refreshes once for each call that is refused.
for (const calls of [5, 20]) {
  kept.tokens = { ...kept.tokens, access_token: "expired" };
  await Promise.all(Array.from({ length: calls }, () => client.listTools()));
}
assert.equal(opened, 1);
console.log("  5 and 20 calls side by side, whose token had run out, kept the login");

await transport.terminateSession();
await client.close();
callbacks.close();
