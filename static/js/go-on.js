// Ctrl+Enter (or ⌘ Enter) goes on: it presses the main button of the form that one is in, or of the
// one form of the page that waits for an answer.
"use strict";
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
  const form = event.target.closest?.("form") || document.querySelector("form[data-goes-on]");
  const button = form?.querySelector("button.main");
  if (!button) return;
  event.preventDefault();
  button.click();
});
