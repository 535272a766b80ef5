// Times in the reader's zone and language; without us they stand there in UTC, and say so.
"use strict";
(() => {
  const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  for (const element of document.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    element.textContent = ("day" in element.dataset ? day : moment).format(at);
    element.title = at.toISOString();
  }
})();
