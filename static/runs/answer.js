// A question: counts down to when it goes on by itself, stops that clock at the first touch, and
// moves entries of a list up and down. Without us times are told, places typed, and a button holds.
"use strict";
(() => {
  const held = new Set();

  const hold = (form) => {
    const url = form && form.dataset.hold;
    if (!url || held.has(url)) return;
    held.add(url);
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    fetch(url, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } })
      .catch(() => held.delete(url)); // the next touch tries again
  };

  const tick = () => document.querySelectorAll("time[data-until]").forEach((element) => {
    const left = Math.ceil((Date.parse(element.dateTime) - Date.now()) / 1000);
    const words = left <= 0 ? "any moment" : left < 90 ? `${left} s` : `${Math.ceil(left / 60)} min`;
    const before = element.previousSibling;
    if (before && / at $/.test(before.data)) before.data = before.data.replace(/ at $/, left > 0 ? " in " : " ");
    if (element.textContent !== words) element.textContent = words;
  });

  const renumber = (list) => list.querySelectorAll(":scope > [data-row]").forEach((row, index) => {
    row.querySelector("[name$='._place']").value = index + 1;
  });

  // Alt and an arrow move the entry that one is in.
  document.addEventListener("keydown", (event) => {
    const row = event.altKey && event.target.closest && event.target.closest("[data-row]");
    const up = event.key === "ArrowUp";
    if (!row || !(up || event.key === "ArrowDown")) return;
    const other = up ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    event.preventDefault();
    if (up) other.before(row);
    else other.after(row);
    renumber(row.parentElement);
    event.target.focus();
    hold(row.closest("form"));
  });

  // The form is loaded when there is a question, and left alone while it is the same one.
  let shown = "";
  const look = () => {
    const place = document.getElementById("run-answer");
    const asked = document.getElementById("run-question");
    if (!place || !asked || asked.dataset.key === shown) return;
    shown = asked.dataset.key;
    if (shown) htmx.ajax("GET", place.dataset.url, { target: place, swap: "innerHTML" });
  };

  document.addEventListener("htmx:wsAfterMessage", () => { look(); tick(); });
  document.addEventListener("input", (event) => hold(event.target.closest("form.answer")));
  setInterval(tick, 1000);
  tick();
  look();
})();
