// Keeps the chips of one's live runs as they are, over a socket of every page; the server draws
// them. Without us the header says how many runs are going.
"use strict";
(() => {
  const box = document.getElementById("chips");
  const header = document.querySelector(".site-header");
  if (!box || !window.WebSocket) return;
  const SILENCE = 25000; // the server speaks every 10 s
  const LONGEST = 3000;
  const READ = 30000; // who has a finished run before them so long needs no chip for it
  const OVER = new Set([4401, 4404, 4429]); // coming again is of no use
  const gone = new Set();
  let socket = null, timer = 0, tries = 0, heard = 0, over = false;

  // Only what is new is put in: the focus stays where it is, and progress bars glide.
  const show = (html) => {
    const next = new DOMParser().parseFromString(html, "text/html").getElementById("chips");
    const heard = { edition: next?.dataset.edition };
    document.dispatchEvent(new CustomEvent("gx:heard", { detail: heard }));
    for (const id of gone) next?.querySelector(`[data-chip="${id}"]`)?.remove();
    if (!next || next.innerHTML === box.innerHTML) return;
    tellEnds(next);
    const old = box.querySelector(".chips-list"), list = next.querySelector(".chips-list");
    if (!old || !list) return box.replaceChildren(...next.childNodes);
    const had = new Map([...old.children].map((chip) => [chip.dataset.chip, chip]));
    const focused = document.activeElement;
    old.replaceChildren(...[...list.children].map((chip) => kept(had.get(chip.dataset.chip), chip)));
    if (old.contains(focused)) focused.focus();
    box.querySelector(".chips-short").replaceWith(next.querySelector(".chips-short"));
  };

  // The chip that stands there, as the new one says it.
  const kept = (had, chip) => {
    if (!had) return chip;
    const bars = [had.querySelector("progress"), chip.querySelector("progress")];
    for (const { name } of [...had.attributes]) if (!chip.hasAttribute(name)) had.removeAttribute(name);
    for (const { name, value } of chip.attributes) had.setAttribute(name, value);
    had.querySelector("a").replaceChildren(...chip.querySelector("a").childNodes);
    if (bars[0] && bars[1]) [bars[0].max, bars[0].value] = [bars[1].max, bars[1].value];
    else had.replaceChildren(had.querySelector("a"), ...[...chip.children].slice(1));
    return had;
  };

  const tellEnds = (next) => {
    for (const chip of next.querySelectorAll("[data-ended]")) {
      const had = box.querySelector(`[data-chip="${chip.dataset.chip}"]`);
      if (!had || "ended" in had.dataset) continue;
      const link = chip.querySelector("a"), run = chip.dataset.chip, words = `${link.textContent}.`;
      document.dispatchEvent(new CustomEvent("gx:say", { detail: { of: run, words } }));
      document.dispatchEvent(new CustomEvent("gx:ended", { detail: { run, words, place: link.href } }));
    }
  };

  const open = () => {
    clearTimeout(timer);
    if (over) return;
    const mine = (socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/me/`));
    heard = Date.now();
    mine.onmessage = (event) => {
      if (mine !== socket) return;
      heard = Date.now();
      tries = 0;
      show(event.data);
    };
    mine.onclose = (event) => {
      if (mine !== socket) return;
      over = OVER.has(event.code);
      timer = setTimeout(open, Math.min(LONGEST, 250 * 2 ** tries++) * (0.5 + Math.random() / 2));
    };
  };

  const again = () => {
    const before = socket;
    open();
    if (before) before.close();
  };

  const dismiss = (chip) => {
    gone.add(chip.dataset.chip);
    const token = header.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = fetch(`/notices/${chip.dataset.chip}/dismissal/`, {
      method: "POST", headers: { "X-CSRFToken": token }, keepalive: true,
    });
    chip.remove();
    answer.catch(() => {}); // then it comes back with the next page
  };

  box.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-ended]");
    // Who follows the link has seen it, too.
    if (chip && event.target.closest("a, button")) dismiss(chip);
  });

  const here = document.querySelector("[data-run]")?.dataset.run;
  if (here) setTimeout(() => {
    const own = box.querySelector(`[data-ended][data-chip="${here}"]`);
    if (own && !document.hidden) dismiss(own);
  }, READ);

  setInterval(() => { if (!over && Date.now() - heard > SILENCE) again(); }, 5000);
  addEventListener("online", again);
  addEventListener("pageshow", (event) => { if (event.persisted) again(); });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heard > 16000) again();
  });
  open();
})();
