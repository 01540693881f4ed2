// Shows the API's description. Requests tried here use the reader's own sign-in, or a token given under "Authorize".
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/api/v1/openapi.json",
    dom_id: "#reader",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    // Nothing is asked of other servers.
    validatorUrl: null,
    // What the page itself sends with its cookie.
    requestInterceptor: (request) => {
      request.headers["X-PBSWeb"] = "1";
      return request;
    },
  });
});
