// What is said aloud, from any script of the page: `document.dispatchEvent(new CustomEvent("gx:say",
// { detail: { of, words } }))`. Once in 5 s at most; of one thing only the newest is said.
"use strict";
(() => {
  const element = document.getElementById("announcer");
  if (!element) return;
  const EVERY = 5000;
  const waiting = new Map();
  let timer = 0, said = -EVERY;

  const speak = () => {
    timer = 0;
    said = performance.now();
    element.textContent = [...waiting.values()].join(" ");
    waiting.clear();
  };

  document.addEventListener("gx:say", (event) => {
    waiting.set(event.detail.of, event.detail.words);
    if (!timer) timer = setTimeout(speak, Math.max(100, said + EVERY - performance.now()));
  });
})();
