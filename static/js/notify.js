// A notice of the browser when a run has ended and nobody looks: for those who asked for it here.
"use strict";
(() => {
  if (!("Notification" in window)) return;
  const buttons = document.querySelectorAll("[data-notify]");
  const asked = () => {
    try { return localStorage.notify === "1" && Notification.permission === "granted"; } catch { return false; }
  };
  const show = () => {
    for (const button of buttons) {
      button.hidden = Notification.permission === "denied";
      button.ariaPressed = String(asked());
    }
  };

  for (const button of buttons) {
    button.addEventListener("click", async () => {
      const wanted = !asked();
      if (wanted) await Notification.requestPermission();
      try { localStorage.notify = wanted ? "1" : ""; } catch { /* not allowed */ }
      show();
    });
  }

  document.addEventListener("gx:ended", ({ detail: { run, words, place } }) => {
    if (!asked() || !document.hidden) return;
    // One for all tabs that tell of the same run.
    const notice = new Notification("gxweb", { body: words, tag: run, icon: "/static/favicon.svg" });
    notice.onclick = () => {
      notice.close();
      window.focus();
      location.assign(place);
    };
  });
  show();
})();
