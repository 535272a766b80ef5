// A form's draft outlives a reload, and whatever becomes of sending it: it is kept in this browser
// until a page says that it was taken (sent.js).
"use strict";
(() => {
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const name = `draft:${form.dataset.draft}`;
  const fields = [...form.elements].filter((field) =>
    field.name && !["hidden", "file", "submit"].includes(field.type));
  const keep = () => {
    const said = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    try { localStorage[name] = JSON.stringify(said); } catch { /* full, or not allowed */ }
  };
  let kept = {};
  try { kept = JSON.parse(localStorage[name] || "{}"); } catch { /* not ours */ }
  try { delete sessionStorage.sent; } catch { /* not allowed */ }
  for (const field of fields) {
    // What the server put there was said later than the draft.
    if ("answered" in form.dataset || !(field.name in kept)) continue;
    if (field.tagName === "SELECT" ? field.value !== kept[field.name] : !field.value) {
      field.value = kept[field.name];
    }
  }
  if (fields.some((field) => field.closest("details") && field.value)) {
    form.querySelector("details").open = true;
  }
  form.addEventListener("input", keep);
  form.addEventListener("submit", () => {
    keep();
    try { sessionStorage.sent = name; } catch { /* not allowed */ }
  });
})();
