// The Inspector's command line: every call is a process of its own, so a tracking id says who it is.
// Argument: the MCP address.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { TOOLS, walk } from "./walkthrough.mjs";

const [address] = process.argv.slice(2);
const manifest = createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector/package.json");
const launcher = join(dirname(manifest), "clients/launcher/build/index.js");
const run = promisify(execFile);

/** What `method` gives, in one of the protocol's two eras. */
async function inspect(url, era, method, ...more) {
  const options = ["--server-url", url, "--transport", "http", "--protocol-era", era];
  const asked = [...options, "--method", method, ...more, "--format", "json", "--quiet"];
  const { stdout } = await run(process.execPath, [launcher, "--cli", ...asked]);
  return JSON.parse(stdout).result;
}

for (const era of ["legacy", "modern"]) {
  const url = address.replace(/\/mcp$/, `/inspector-${era}/mcp`);
  const { tools } = await inspect(url, era, "tools/list");
  assert.deepEqual(tools.map(({ name }) => name), TOOLS);
  const seen = await walk((name, args) =>
    inspect(url, era, "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args)),
  );
  console.log(`  ${era}: ${seen}`);
}
