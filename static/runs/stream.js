// Follows a run: puts the cursor into every connection, and says what the connection is doing.
// htmx puts the parts in; the clock of reconnecting is ours alone.
"use strict";
(() => {
  const root = document.querySelector("[data-run][ws-connect]");
  if (!root || !window.htmx) return;
  const pill = root.querySelector("[data-connection]");
  const main = root.querySelector("[aria-busy]");
  const notice = document.getElementById("run-notice");
  const title = document.title;
  const SILENCE = 25000; // the server speaks every 10 s
  const LONGEST = 3000;
  const WORDS = {
    live: "Live", reconnecting: "Reconnecting", "caught-up": "Caught up", paused: "Updates paused",
  };
  const NOTES = {
    "": "",
    paused: "Live updates paused: nothing is lost, and it goes on by itself.",
    orphaned: "Its worker has stopped. Another one takes it up: nothing that is finished is repeated.",
    unattended: "No worker is connected. The run goes on by itself as soon as there is one.",
  };
  // Codes after which coming again is of no use, and what to tell about them.
  const OVER = {
    1000: "",
    4401: "You are signed out. The run goes on; sign in to follow it again.",
    4404: "This run is not there any more.",
    4429: "Too many pages are open. Close some, then reload this one.",
  };
  let socket = null, wrapper = null, timer = 0, calm = 0, tries = 0, heard = Date.now();
  let over = false;

  const show = (state) => {
    clearTimeout(calm);
    calm = 0;
    const words = WORDS[state] + (state === "reconnecting" && tries > 1 ? ` (${tries})` : "");
    if (pill.dataset.connection !== state) pill.dataset.connection = state;
    if (pill.textContent !== words) pill.textContent = words;
  };

  const tell = (words) => {
    if (words && notice.textContent !== words) notice.textContent = words;
    if (notice.hidden === Boolean(words)) notice.hidden = !words;
  };

  const wait = (n) => Math.min(LONGEST, 250 * 2 ** n) * (0.5 + Math.random() / 2);
  htmx.config.wsReconnectDelay = wait; // for a first connection that never opened

  const again = () => {
    clearTimeout(timer);
    if (over) return;
    tries += 1;
    if (wrapper) wrapper.reconnect();
    else if (socket) socket.close();
  };

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(again, wait(tries));
    show("reconnecting");
  };

  const closed = (event) => {
    if (event.code in OVER) {
      over = true;
      clearTimeout(timer);
      event.stopImmediatePropagation();
      tell(OVER[event.code]);
      document.getElementById("run-door").hidden = event.code !== 4401;
      show(OVER[event.code] ? "paused" : "caught-up");
    } else if (wrapper) {
      event.stopImmediatePropagation();
      later();
    } else show("reconnecting"); // htmx tries again until there is a wrapper
  };

  htmx.createWebSocket = (url) => {
    const before = socket;
    const address = new URL(url);
    if (root.dataset.cursor) address.searchParams.set("after", root.dataset.cursor);
    const mine = (socket = new WebSocket(address));
    if (before) before.close();
    heard = Date.now();
    // Ours come first. What an old socket still has to say is not for this page.
    const guard = (kind, act) => mine.addEventListener(kind, (event) => {
      if (mine === socket) act(event);
      else event.stopImmediatePropagation();
    });
    guard("open", () => { heard = Date.now(); });
    guard("message", () => { heard = Date.now(); });
    guard("error", (event) => event.stopImmediatePropagation());
    guard("close", closed);
    return mine;
  };

  root.addEventListener("htmx:wsOpen", (event) => { wrapper = event.detail.socketWrapper; });

  root.addEventListener("htmx:wsBeforeMessage", (event) => {
    const from = /data-from="([^"]*)"/.exec(event.detail.message.slice(0, 400));
    if (from && from[1] && from[1] !== root.dataset.cursor) {
      event.preventDefault(); // parts for another page than this one
      later();
    }
  });

  // What is added to a text is put in here: htmx would look through all that is there for what to
  // bring to life, and a text has nothing of the kind. What no longer holds is taken away before.
  root.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    const { target, fragment } = detail;
    const kept = fragment.dataset?.keep; // empty: nothing goes
    if (kept === undefined) return;
    detail.shouldSwap = false;
    const rows = fragment.tagName === "TABLE" && target.tagName !== "TABLE";
    const from = rows ? fragment.querySelector(target.tagName) : fragment;
    if (kept) keep(target, ...kept.split(" "));
    const [last, first] = [target.lastChild, from.firstChild];
    if (last?.nodeType === Node.TEXT_NODE && first?.nodeType === Node.TEXT_NODE) {
      last.appendData(first.data); // as a parser would: what is to be kept is counted in nodes
      first.remove();
    }
    target.append(...from.childNodes);
  });

  const keep = (target, nodes, characters) => {
    for (let gone = target.childNodes.length - nodes; gone > 0; gone -= 1) target.lastChild.remove();
    const last = target.lastChild;
    if (characters) last.deleteData(characters, last.length - characters);
  };

  root.addEventListener("htmx:wsAfterMessage", () => {
    const mark = document.getElementById("run-mark").dataset;
    if (root.dataset.cursor !== mark.cursor) root.dataset.cursor = mark.cursor;
    if (root.dataset.status !== mark.status) root.dataset.status = mark.status;
    if (main) main.ariaBusy = String(mark.status === "running");
    const count = mark.status === "running" && root.querySelector("#run-now .count");
    const words = count ? `${count.textContent} · ${title}` : title;
    if (document.title !== words) document.title = words;
    tries = 0;
    tell(NOTES[mark.note]);
    if (mark.note === "paused") show("paused");
    else if (pill.dataset.connection !== "live" && !calm) {
      show("caught-up");
      calm = setTimeout(() => show("live"), 1000);
    }
  });

  // A person's one key, unless they are writing something.
  addEventListener("keydown", (event) => {
    const other = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
    if (event.key !== "." || other || event.target.closest("input, textarea, select")) return;
    if (/queued|running|waiting/.test(root.dataset.status)) root.querySelector(".stop button")?.click();
  });

  setInterval(() => { if (Date.now() - heard > SILENCE) again(); }, 5000);
  addEventListener("online", again);
  addEventListener("offline", () => { if (!over) show("reconnecting"); });
  addEventListener("pageshow", (event) => { if (event.persisted) again(); });
  document.addEventListener("visibilitychange", () => {
    const open = socket && socket.readyState === WebSocket.OPEN;
    if (!document.hidden && (!open || Date.now() - heard > 16000)) again();
  });
})();
