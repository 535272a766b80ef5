// When the run has ended, the page becomes that of the finished post. Without us it reloads itself.
"use strict";
(() => {
  const root = document.querySelector("[data-run]");
  const ended = () => /completed|failed|cancelled/.test(root.dataset.status);
  if (!root || ended()) return;
  new MutationObserver(() => {
    // A moment, so that the last words are seen where they were written.
    if (ended()) setTimeout(() => location.replace(location.pathname), 1500);
  }).observe(root, { attributeFilter: ["data-status"] });
})();
