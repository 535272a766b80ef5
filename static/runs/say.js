// Says aloud what a reader of the page sees happen at its top: where the run has come to, and not
// what it writes.
"use strict";
(() => {
  const root = document.querySelector("[data-run][ws-connect]");
  if (!root) return;
  const text = (place) => (root.querySelector(place)?.firstChild?.textContent || "").trim();
  const words = () =>
    ["#run-now .now-line", "#run-now .error", "#run-now .now-note:not(.warn)", "#run-place:not([hidden])",
     "#run-notice:not([hidden])"]
      .map(text).filter(Boolean).join(". ");
  let before = words();

  root.addEventListener("htmx:wsAfterMessage", () => {
    const now = words();
    if (now === before) return;
    before = now;
    document.dispatchEvent(new CustomEvent("gx:say", { detail: { of: root.dataset.run, words: now } }));
  });
})();
