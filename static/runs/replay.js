// Moves through a finished run as its slider is moved. Without us one presses Show.
"use strict";
(() => {
  const slider = document.getElementById("replay-at");
  if (!slider || !window.fetch) return;
  const place = document.getElementById("replayed");
  const time = document.getElementById("replay-time");
  let going = false, shown = slider.value;

  // One question at a time, and the last one always.
  const show = async () => {
    if (going || shown === slider.value) return;
    going = true;
    const at = slider.value;
    try {
      const answer = await fetch(`?at=${at}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...next.getElementById("replayed").childNodes);
      place.dataset.status = next.getElementById("replayed").dataset.status;
      time.textContent = next.getElementById("replay-time").textContent;
      shown = at;
      history.replaceState(null, "", `?at=${at}${location.hash}`); // the address names what you see
    } catch {
      return; // the next move asks again
    } finally {
      going = false;
    }
    show();
  };

  document.querySelector("[data-replay-show]").hidden = true;
  slider.addEventListener("input", show);
})();
