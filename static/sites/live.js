// The profile is made of rows, which people edit: when the reading has found more, or has ended, its
// part is asked for anew. Never under the hands of somebody who is writing in it, and never twice at
// once: the second answer would go where the first has taken the part away.
"use strict";
(() => {
  const found = document.getElementById("found");
  const writing = () => document.querySelector("#profile [data-writing]");
  let late = false, busy = false;

  const renew = () => {
    const part = document.getElementById("profile");
    late = busy || Boolean(writing() || part.querySelector(".htmx-request"));
    if (late) return;
    busy = true;
    htmx.ajax("GET", part.dataset.url, { target: part, swap: "outerHTML" })
      .catch(() => {})  // it comes with the next news
      .then(() => { busy = false; if (late) renew(); });
  };
  if (found) new MutationObserver(renew).observe(found, { childList: true, subtree: true });

  document.addEventListener("htmx:afterSettle", () => { if (late && !writing()) renew(); });
})();
