// Makes the sample server one whose end users log in. Arguments: the product's address, an API key.

import assert from "node:assert/strict";

const [base, key] = process.argv.slice(2);

async function ask(query, variables = {}) {
  const response = await fetch(`${base}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const { servers } = await ask("{ servers(first: 50) { nodes { id slug } } }");
const { id } = servers.nodes.find(({ slug }) => slug === "sample-tool");
const { updateServer } = await ask(
  `mutation ($input: UpdateServerInput!) {
    updateServer(input: $input) { server { authType } userErrors { message } }
  }`,
  { input: { id, authType: "PLATFORM_OAUTH" } },
);
assert.deepEqual(updateServer, { server: { authType: "PLATFORM_OAUTH" }, userErrors: [] });
