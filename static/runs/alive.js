// How long ago the run gave a sign of life, and how long a step that is held up still waits. Without
// us the page says when that was.
"use strict";
(() => {
  const root = document.querySelector("[data-run]");
  const age = root && root.querySelector("[data-age]");
  if (!age) return;
  const name = `waits:${root.dataset.run}`;
  let waits = {}; // a step's wait -> when we first saw it: it goes on over a reload
  try { waits = JSON.parse(sessionStorage[name] || "{}"); } catch { /* not allowed, or not ours */ }
  let last = performance.now() - 1000 * Number(age.dataset.age);
  let cursor = root.dataset.cursor;

  const put = (element, words) => { if (element.textContent !== words) element.textContent = words; };

  const ago = (seconds) => {
    if (seconds < 2) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    return `${Math.floor(seconds / 3600)} h ago`;
  };

  const began = (key) => {
    waits[key] = Date.now();
    try { sessionStorage[name] = JSON.stringify(waits); } catch { /* full, or not allowed */ }
  };

  const tick = () => {
    const now = performance.now();
    put(age, ago(Math.floor((now - last) / 1000)));
    for (const element of root.querySelectorAll("[data-countdown]")) {
      const { key, countdown } = element.dataset;
      if (!(key in waits)) began(key);
      put(element, `${Math.max(0, Math.ceil(countdown - (Date.now() - waits[key]) / 1000))} s`);
    }
  };

  root.addEventListener("htmx:wsAfterMessage", () => {
    const mark = document.getElementById("run-mark").dataset;
    // Who holds the run gives signs all the while that a model thinks; the server asks every 2 s.
    const held = mark.status === "running" && !mark.note;
    if (held || mark.cursor !== cursor) last = performance.now();
    cursor = mark.cursor;
    tick();
  });
  setInterval(tick, 1000);
  tick();
})();
