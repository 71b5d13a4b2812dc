// Starts GraphiQL on the endpoint and with the examples that the page names.
"use strict";
(() => {
  const root = document.getElementById("graphiql");
  const { endpoint, tabs, headers } = root.dataset;
  if (location.search === "?examples") {
    localStorage.removeItem("graphiql:tabState"); // what was typed before would come first
    history.replaceState(null, "", location.pathname);
  }
  // For a moment after a change of tabs, GraphiQL names the operation of the tab before.
  const named = ({ operationName, ...rest }) =>
    new RegExp(`\\b${operationName}\\b`).test(rest.query) ? { operationName, ...rest } : rest;
  const fetcher = async (operation, options) => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", ...options?.headers },
      body: JSON.stringify(named(operation)),
    });
    return response.json();
  };
  const settings = {
    fetcher,
    defaultTabs: JSON.parse(tabs),
    defaultHeaders: headers,
    defaultEditorToolsVisibility: headers ? "headers" : false,
    showPersistHeadersSettings: false, // a key does not belong into the browser's storage
  };
  ReactDOM.createRoot(root).render(React.createElement(GraphiQL, settings));
})();
