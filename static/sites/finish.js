// When the reading has ended, the page becomes that of the finished site: not while somebody writes.
"use strict";
(() => {
  const root = document.querySelector("[data-run]");
  const ended = () => /completed|failed|cancelled/.test(root.dataset.status);
  if (!root || ended()) return;
  const turn = () => {
    if (!document.querySelector("#profile .field-form, .steer[open]")) location.replace(location.pathname);
    else setTimeout(turn, 2000);
  };
  new MutationObserver(() => { if (ended()) setTimeout(turn, 1500); })
    .observe(root, { attributeFilter: ["data-status"] });
})();
