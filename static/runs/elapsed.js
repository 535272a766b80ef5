// How long it has been going on, second by second; without us it says since when.
"use strict";
(() => {
  const words = (seconds) => {
    const minutes = Math.floor(seconds / 60);
    if (!minutes) return `${seconds} s`;
    if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  };
  const tick = () => document.querySelectorAll("time[data-since]").forEach((element) => {
    const passed = Math.max(0, Math.floor((Date.now() - Date.parse(element.dateTime)) / 1000));
    const label = element.closest("div").querySelector("dt");
    if (label.textContent !== "Running for") label.textContent = "Running for";
    element.textContent = words(passed);
  });
  document.addEventListener("htmx:wsAfterMessage", tick);
  setInterval(tick, 1000);
  tick();
})();
