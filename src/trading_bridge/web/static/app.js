// Live updates, ages, questions and busy buttons. Everything here is an addition: pages work without it.
(() => {
  "use strict";

  const REFRESH_AT_MOST_EVERY = 1000; // ms: a burst of hints is one refresh
  const REFRESH_AT_LEAST_EVERY = 10000; // so that "Updated" stays true while nothing changes
  const POLL_EVERY = 15000; // without a stream
  const STALE_AFTER = 30;
  const FLASH = 600;
  const THIN = "\u202f";

  const live = () => document.getElementById("live");
  const now = () => Date.now() + skew;
  let skew = 0; // server's clock minus this one, in ms

  // ── times that stay true ────────────────────────────────────────────────────────────────────

  const seconds = (at) => Math.max(0, Math.floor((now() - Date.parse(at)) / 1000));

  function age(total) {
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
      if (total >= size) return Math.floor(total / size) + THIN + unit;
    }
    return total + THIN + "s";
  }

  function duration(total) {
    const minutes = Math.floor(total / 60), hours = Math.floor(total / 3600), days = Math.floor(total / 86400);
    if (total < 60) return total + THIN + "s";
    if (!hours) return minutes + THIN + "min";
    if (!days) return hours + THIN + "h" + (minutes % 60 ? " " + (minutes % 60) + THIN + "min" : "");
    return days + THIN + "d" + (hours % 24 ? " " + (hours % 24) + THIN + "h" : "");
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tick() {
    for (const element of document.querySelectorAll("time[data-ago]")) write(element, age(seconds(element.dateTime)));
    for (const element of document.querySelectorAll("time[data-since]")) write(element, duration(seconds(element.dateTime)));
    const fresh = document.getElementById("fresh");
    if (fresh && fresh.dataset.at) {
      const old = seconds(fresh.dataset.at);
      const stale = old > STALE_AFTER;
      fresh.classList.toggle("is-stale", stale);
      write(fresh.querySelector("[data-age]"), age(old));
      write(fresh.querySelector("[data-stale-word]"), stale ? "Stale" : "Updated");
    }
  }

  function readClock() {
    const element = live();
    if (element && element.dataset.now) skew = Date.parse(element.dataset.now) - Date.now();
  }

  // ── refresh: hints come by one stream, the page asks for its changed part again ─────────────

  let stream = null;
  let linked = false;
  let refreshedAt = Date.now();
  let waiting = 0;

  function refresh() {
    clearTimeout(waiting);
    waiting = 0;
    refreshedAt = Date.now();
    const element = live();
    if (!element || !window.htmx) return;
    window.htmx.trigger(element, "refresh");
    document.dispatchEvent(new CustomEvent("bridge:refresh"));
  }

  function soon() {
    if (waiting || document.hidden) return;
    waiting = setTimeout(refresh, Math.max(50, refreshedAt + REFRESH_AT_MOST_EVERY - Date.now()));
  }

  function open() {
    const element = live();
    if (!element || stream || !window.EventSource) return;
    stream = new EventSource("/events?since=" + encodeURIComponent(element.dataset.position || ""));
    stream.onopen = () => { linked = true; };
    stream.onerror = () => {
      linked = false;
      if (stream && stream.readyState === EventSource.CLOSED) close(); // refused: poll, and try again with the next poll
    };
    for (const topic of ["all", ...element.dataset.topics.split(" ")]) stream.addEventListener(topic, soon);
  }

  function close() {
    if (stream) stream.close();
    stream = null;
    linked = false;
  }

  function beat() {
    tick();
    if (document.hidden || !live()) return;
    const quiet = "quiet" in live().dataset;
    const since = Date.now() - refreshedAt;
    if (!quiet && since > (linked ? REFRESH_AT_LEAST_EVERY : POLL_EVERY)) {
      refresh();
      if (!stream) open();
    }
  }

  document.addEventListener("visibilitychange", () => {
    // A hidden page needs no stream: browsers allow six connections to one host, and tabs add up.
    if (document.hidden) close();
    else if (live()) { open(); soon(); }
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) { open(); soon(); } });

  // ── morphing: keep what the person is doing, show what changed ──────────────────────────────

  if (window.Idiomorph) {
    const callbacks = window.Idiomorph.defaults.callbacks;
    callbacks.beforeNodeMorphed = (old, fresh) => {
      if (old.nodeType !== 1 || !("keep" in old.dataset)) return true;
      for (const name of ["data-series"]) if (fresh.hasAttribute && fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
      return false;
    };
    callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG"));
  }

  const keyOf = (cell) => (cell.closest("[id]") || document.body).id + " " + cell.dataset.f;
  const valueOf = (cell) => cell.dataset.v || cell.textContent;
  let before = null;
  let words = null;

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "live") return;
    before = new Map();
    words = new Map();
    for (const cell of live().querySelectorAll("[data-f]")) before.set(keyOf(cell), valueOf(cell));
    for (const status of live().querySelectorAll("[data-status]")) words.set(keyOfStatus(status), status.textContent);
  });

  const keyOfStatus = (status) => (status.closest("[id]") || document.body).id + " " + status.dataset.status;

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "check") { marks(); return; }
    if (event.detail.target.id !== "live" || !before) return;
    readClock();
    tick();
    for (const cell of live().querySelectorAll("[data-f]")) {
      const old = before.get(keyOf(cell));
      if (old !== undefined && old !== valueOf(cell)) {
        cell.classList.add("flash");
        setTimeout(() => cell.classList.remove("flash"), FLASH);
      }
    }
    needsServer();
    const news = [];
    for (const status of live().querySelectorAll("[data-status]")) {
      const old = words.get(keyOfStatus(status));
      if (old !== undefined && old !== status.textContent) news.push(status.dataset.status + ": " + status.textContent);
    }
    if (news.length) say(news.length > 3 ? news.length + " bots changed their status" : news.join(". "));
    before = words = null;
  });

  // What the server has to check can't be sent while it is silent; the reason stands beside the button.
  function needsServer() {
    const reason = document.getElementById("no-server");
    if (!reason || document.querySelector("form[data-busy='1']")) return;
    const down = "down" in live().dataset;
    reason.hidden = !down;
    for (const button of document.querySelectorAll("[data-needs-server]")) button.disabled = down;
  }

  function say(text) {
    const box = document.getElementById("announce");
    if (box) write(box, text);
  }

  // ── questions in a dialog; without it the link leads to the same question on a page ─────────

  const dialog = document.getElementById("dialog");

  document.addEventListener("click", async (event) => {
    const plain = !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!plain) return;
    const link = event.target.closest("a");
    if (link && "ask" in link.dataset && dialog && dialog.showModal) {
      event.preventDefault();
      const answer = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
      if (!answer || !answer.ok) { location.href = link.href; return; }
      dialog.innerHTML = await answer.text();
      dialog.showModal();
      dialog.querySelector("[data-close]").focus();
    } else if (link && "close" in link.dataset && dialog && dialog.open) {
      event.preventDefault();
      dialog.close();
    } else if (link && "swap" in link.dataset && window.htmx && live()) {
      event.preventDefault();
      history.pushState({}, "", link.href);
      window.htmx.ajax("GET", link.href, { source: link, target: "#live", swap: "morph:outerHTML" });
    } else if (!link && !event.target.closest("button, input, select, label, summary")) {
      const row = event.target.closest("tr[data-href]");
      if (row && !String(getSelection())) location.href = row.dataset.href;
    }
  });
  window.addEventListener("popstate", () => location.reload());
  if (dialog) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  // ── forms: one click is one request, and the button says what is going on ───────────────────

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("busy" in form.dataset) || event.defaultPrevented) return;
    if (form.dataset.busy === "1") { event.preventDefault(); return; }
    form.dataset.busy = "1";
    const button = event.submitter || form.querySelector("button");
    if (button.name) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = button.name;
      field.value = button.value;
      form.append(field); // a disabled button is not sent
    }
    const started = Date.now();
    button.dataset.word = button.textContent;
    const show = () => {
      const spent = Math.floor((Date.now() - started) / 1000);
      write(button, (button.dataset.busyWord || "Working…") + (spent > 1 ? " " + spent + THIN + "s" : ""));
    };
    setTimeout(() => { button.setAttribute("aria-busy", "true"); for (const other of form.querySelectorAll("button")) other.disabled = true; }, 0);
    show();
    setInterval(show, 1000);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  document.addEventListener("change", (event) => {
    if ("submit" in event.target.dataset) event.target.form.submit();
  });

  // A field's message decides how the field looks.
  function marks() {
    for (const message of document.querySelectorAll(".err[id]")) {
      const field = document.querySelector('[aria-describedby~="' + message.id + '"]');
      if (!field) continue;
      if (message.textContent.trim()) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }

  // ── theme: system, light, dark; kept in this browser ─────────────────────────────────────────

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("themeForm" in form.dataset)) return;
    event.preventDefault();
    const button = form.querySelector("button");
    const theme = button.value;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = "trading_bridge_theme=" + theme + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
    if (theme === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
    write(form.querySelector("[data-theme-word]"), theme[0].toUpperCase() + theme.slice(1));
    button.value = { system: "light", light: "dark", dark: "system" }[theme];
    document.dispatchEvent(new CustomEvent("bridge:theme"));
  });

  readClock();
  if (live()) {
    tick();
    open();
    setInterval(beat, 1000);
  }
  window.bridge = { now, age };
})();
