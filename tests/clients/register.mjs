// Registers a client and prints its id. Arguments: the product's address, the redirect URI.

const [base, redirectUri] = process.argv.slice(2);

const response = await fetch(`${base}/oauth/register`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ client_name: "conformance", redirect_uris: [redirectUri] }),
});
console.log((await response.json()).client_id);
