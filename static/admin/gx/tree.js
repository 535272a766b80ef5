// The steps of a run: the one that is looked at, and what comes in while it runs.
"use strict";
(() => {
  const EVERY = 1500; // the tree is drawn whole, so not with each of a socket's frames
  let timer = 0;

  const select = (path) => document.querySelectorAll("#tree .line").forEach((row) => {
    if (row.dataset.span === path) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });

  document.addEventListener("click", (event) => {
    const row = event.target.closest("#tree .line");
    if (row && !event.ctrlKey && !event.metaKey) select(row.dataset.span);
  });

  document.addEventListener("keydown", (event) => {
    const row = event.target.closest("#tree .line");
    const to = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!row || !to || !row[to]) return;
    event.preventDefault();
    row[to].focus();
  });

  const fetch = (target) => htmx.ajax(
    "GET", location.pathname + location.search, { target, swap: "outerHTML" });

  const refresh = async () => {
    timer = 0;
    const top = document.getElementById("tree").scrollTop;
    const focused = document.activeElement?.dataset.span;
    await fetch("#tree");
    const rows = [...document.querySelectorAll("#tree .line")];
    document.getElementById("tree").scrollTop = top;
    rows.find((row) => focused && row.dataset.span === focused)?.focus({ preventScroll: true });
    // What is being read stays as it is while there is nothing new about it.
    const shown = rows.find((row) => row.hasAttribute("aria-current"));
    const step = document.getElementById("step");
    if (shown && step.dataset.status !== shown.dataset.status) fetch("#step");
  };

  document.addEventListener("htmx:wsAfterMessage", () => {
    const tree = document.getElementById("tree");
    const mark = document.getElementById("run-mark");
    if (tree.dataset.cursor !== mark.dataset.cursor && !timer) timer = setTimeout(refresh, EVERY);
  });
})();
