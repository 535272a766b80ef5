// The place in line of a run that waits for a worker, as the server tells it.
"use strict";
(() => {
  const root = document.querySelector("[data-run][ws-connect]");
  const line = document.getElementById("run-place");
  if (!root || !line) return;
  root.addEventListener("htmx:wsAfterMessage", () => {
    const words = document.getElementById("run-mark").dataset.place || "";
    if (line.textContent === words) return;
    line.textContent = words;
    line.hidden = !words;
  });
})();
