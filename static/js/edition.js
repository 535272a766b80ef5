// A page left open over a deploy: everything goes on as it is, and says that there is a newer one.
"use strict";
(() => {
  const mine = document.getElementById("chips")?.dataset.edition;
  const line = document.getElementById("edition");
  if (!mine || !line) return;
  document.addEventListener("gx:heard", ({ detail }) => {
    const same = !detail.edition || detail.edition === mine;
    if (line.hidden === same) return;
    line.hidden = same; // another process, not yet replaced, may be of ours again
    if (same) return;
    const words = "There is a new version of this site. Reload when it suits you.";
    document.dispatchEvent(new CustomEvent("gx:say", { detail: { of: "edition", words } }));
  });
})();
