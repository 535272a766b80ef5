// A form's draft outlives a reload, and whatever becomes of sending it: it is kept in this browser
// until a page says that it was taken (sent.js). Where the server has a text of its own the draft
// goes over it, says so, and can be dropped.
"use strict";
(() => {
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const name = `draft:${form.dataset.draft}`;
  const over = "draftOver" in form.dataset;
  const fields = [...form.elements].filter((field) =>
    field.name && !["hidden", "file", "submit"].includes(field.type));
  const ticks = (field) => field.type === "checkbox";
  const said = () => Object.fromEntries(fields.map((field) => [field.name, ticks(field) ? field.checked : field.value]));
  const keep = () => {
    try { localStorage[name] = JSON.stringify(said()); } catch { /* full, or not allowed */ }
  };
  const drop = () => { try { delete localStorage[name]; } catch { /* not allowed */ } };
  let kept = {};
  try { kept = JSON.parse(localStorage[name] || "{}"); } catch { /* not ours */ }
  try { delete sessionStorage.sent; } catch { /* not allowed */ }
  // Who comes back to a form that was sent has it before them again, and sends it as the same one.
  const [moved] = performance.getEntriesByType("navigation");
  let before = null;
  try { before = moved?.type === "back_forward" && JSON.parse(sessionStorage[`sent:${name}`] || "null"); } catch { /* not ours */ }
  if (before && form.elements.key) {
    kept = before.said;
    form.elements.key.value = before.key;
  }
  // What the server answers to a form that it refused was said later than the draft.
  const back = "answered" in form.dataset ? [] : fields.filter((field) =>
    field.name in kept && said()[field.name] !== kept[field.name] && !("given" in field.dataset) &&
    (!ticks(field) || kept[field.name] === true) && (over || before || field.tagName === "SELECT" || ticks(field) || !field.value));
  for (const field of back) field[ticks(field) ? "checked" : "value"] = kept[field.name];
  if (fields.some((field) => field.closest("details") && field.value)) {
    form.querySelector("details").open = true;
  }
  if (over && back.length) {
    form.querySelector("[data-draft-back]").hidden = false;
    // For the preview, once it can hear.
    addEventListener("load", () => back[0].dispatchEvent(new Event("input", { bubbles: true })));
  }
  form.addEventListener("input", keep);
  for (const button of form.querySelectorAll("[data-draft-drop]")) {
    button.addEventListener("click", () => {
      if (button.tagName === "BUTTON") {
        form.reset();
        form.querySelector("[data-draft-back]").hidden = true;
        fields[0].dispatchEvent(new Event("input", { bubbles: true }));
      }
      drop();
    });
  }
  form.addEventListener("submit", () => {
    keep();
    try {
      sessionStorage.sent = name;
      sessionStorage[`sent:${name}`] = JSON.stringify({ key: form.elements.key?.value, said: said() });
    } catch { /* full, or not allowed */ }
  });
})();
