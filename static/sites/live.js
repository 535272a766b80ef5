// The profile is made of rows, which people edit: when the reading has found more, or has ended, its
// part is asked for anew. Never under the hands of somebody who is writing in it.
"use strict";
(() => {
  const found = document.getElementById("found");
  const writing = () => document.querySelector("#profile [data-writing]");
  let late = false;

  const renew = () => {
    const part = document.getElementById("profile");
    late = Boolean(writing());
    if (!late) htmx.ajax("GET", part.dataset.url, { target: part, swap: "outerHTML" });
  };
  if (found) new MutationObserver(renew).observe(found, { childList: true, subtree: true });

  document.addEventListener("htmx:afterSettle", () => { if (late && !writing()) renew(); });
})();
