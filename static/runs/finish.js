// When the run has ended, the page becomes that of what it made: not while somebody writes on it.
// Without us it reloads itself.
"use strict";
(() => {
  const root = document.querySelector("[data-run]");
  const ended = () => /completed|failed|cancelled/.test(root.dataset.status);
  if (!root || ended()) return;
  const turn = () => {
    if (document.querySelector("form[data-writing], details[data-writing][open]")) setTimeout(turn, 2000);
    else location.replace(location.pathname);
  };
  // A moment, so that the last words are seen where they were written.
  new MutationObserver(() => { if (ended()) setTimeout(turn, 1500); })
    .observe(root, { attributeFilter: ["data-status"] });
})();
