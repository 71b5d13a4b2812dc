// The TypeScript SDK, version 1: walks with and without a tracking id. Argument: the MCP address.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { TOOLS, walk } from "./walkthrough.mjs";

const [address] = process.argv.slice(2);

for (const url of [address, address.replace(/\/mcp$/, "/typescript-1/mcp")]) {
  const transport = new StreamableHTTPClientTransport(new URL(url));
  const client = new Client({ name: "typescript-sdk", version: "1" });
  await client.connect(transport);
  assert.ok(transport.sessionId.startsWith("mcps_"));
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name), TOOLS);

  const seen = await walk((name, args) => client.callTool({ name, arguments: args }));
  console.log(`  ${new URL(url).pathname} in ${transport.protocolVersion}: ${seen}`);

  await assert.rejects(client.callTool({ name: "nope", arguments: {} }), { code: -32602 });
  await transport.terminateSession();
  assert.equal(transport.sessionId, undefined);
  await client.close();
}
