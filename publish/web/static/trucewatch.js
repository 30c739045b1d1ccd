// SPDX-License-Identifier: Apache-2.0
// Says that new entries have come, and adds keys. Pages are whole without it.
"use strict";

(function () {
  const body = document.body;
  const state = document.getElementById("state");
  const news = document.getElementById("news");

  function listen(address, shown) {
    const events = new EventSource(address + "?after=" + shown);
    let newest = shown;
    const said = state.textContent;
    const wasStale = state.classList.contains("stale");
    events.onopen = function () {
      // What the server calls stale stays stale: being connected makes nothing new.
      state.textContent = wasStale ? said : state.dataset.connected;
      state.classList.toggle("live", !wasStale);
      state.classList.toggle("stale", wasStale);
    };
    events.onerror = function () {
      state.textContent = "stale: connection lost, trying again";
      state.classList.remove("live");
      state.classList.add("stale");
    };
    events.onmessage = function (event) {
      const size = Number(event.data);
      if (!(size > newest)) return;
      newest = size;
      const link = document.createElement("a");
      link.href = location.href;
      link.textContent = "Show the page as of entry " + newest + ".";
      news.replaceChildren(newest - shown === 1 ? "1 new entry. " : newest - shown + " new entries. ", link);
    };
    addEventListener("pagehide", function () { events.close(); });
    // A page that comes back from the browser's memory has lost its stream.
    addEventListener("pageshow", function (event) { if (event.persisted) location.reload(); });
  }
  if (body.dataset.live && state && news) listen(body.dataset.live, Number(body.dataset.index));

  // Keys can be switched off (WCAG 2.1.4); the choice is kept in this browser.
  const keys = document.querySelector(".keys");
  const off = document.getElementById("keys-off");
  let on = true;
  try { on = localStorage.getItem("keys") !== "off"; } catch (e) { on = true; }
  function label() { off.textContent = on ? "Switch keys off" : "Switch keys on"; }
  if (keys && off) {
    keys.hidden = false;
    label();
    off.addEventListener("click", function () {
      on = !on;
      label();
      try { localStorage.setItem("keys", on ? "on" : "off"); } catch (e) { return; }
    });
  }
  let row = -1;
  function go(step) {
    const rows = Array.from(document.querySelectorAll("[data-row]"));
    const next = row + step;
    if (next < 0 || next >= rows.length) return;
    row = next;
    const target = rows[row].querySelector("a") || rows[row];
    if (target === rows[row]) target.tabIndex = -1;
    target.focus();
    rows[row].scrollIntoView({ block: "nearest" });
  }
  addEventListener("keydown", function (event) {
    if (!on || event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "/" && document.getElementById("search")) {
      event.preventDefault();
      document.getElementById("search").focus();
    }
  });
})();
