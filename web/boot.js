// Starts the page. Trunk's own initialiser is an inline script, which the Content-Security-Policy forbids; this file reads the
// (hashed) names and digests from the preload links that Trunk puts into the head.
const glue = document.querySelector('link[rel="modulepreload"]');
const wasm = document.querySelector('link[rel="preload"][as="fetch"]');

try {
  // The same mode as the link's, so that what was preloaded is used; the digest, because browsers do not check a preload's yet.
  const response = fetch(wasm.href, { integrity: wasm.integrity, credentials: "same-origin" });
  const { default: init } = await import(glue.href);
  await init({ module_or_path: response });
} catch (error) {
  // Nothing of the page runs yet that could say it nicely.
  const notice = document.createElement("p");
  notice.setAttribute("role", "alert");
  notice.textContent = "PBSWeb could not start in this browser. Reload the page; if that does not help, use a current browser with WebAssembly.";
  document.body.prepend(notice);
  throw error;
}
