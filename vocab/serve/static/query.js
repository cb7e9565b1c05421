// Turns the plain form into the query editor; without this script the form works as it is.
"use strict";
(() => {
  const form = document.getElementById("plain");
  const place = document.getElementById("yasgui");
  if (!form || !place || typeof Yasgui === "undefined") return;
  const text = document.getElementById("query").value;
  const endpoint = new URL("/sparql", location.href).href;
  Yasgui.defaults.requestConfig.endpoint = endpoint;
  Yasgui.defaults.endpointCatalogueOptions.getData = () => [{ endpoint }];
  Yasgui.defaults.persistenceId = null;
  Yasgui.Yasqe.defaults.persistenceId = null;
  Yasgui.Yasqe.defaults.autocompleters = ["variables"];
  Yasgui.Yasqe.defaults.value = text;
  place.hidden = false;
  form.hidden = true;
  const yasgui = new Yasgui(place, { requestConfig: { endpoint, method: "POST" }, copyEndpointOnNewTab: true });
  const editor = yasgui.getTab().getYasqe();
  editor.setValue(text);
  // Tab must leave the editor for those who have no mouse.
  editor.setOption("extraKeys", Object.assign({}, editor.getOption("extraKeys"), { Tab: false, "Shift-Tab": false }));
  editor.getInputField().setAttribute("aria-label", "SPARQL query; Control and Enter run it");
})();
