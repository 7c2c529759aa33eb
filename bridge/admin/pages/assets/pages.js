// Updates the pages, shows times in the viewer's zone, counts down, copies, and fits
// the height of frames to their contents. The pages work without it. The server sends
// escaped HTML, and the pages' Content-Security-Policy keeps it from running scripts.
"use strict";

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function localTimes(root) {
  const today = day.format(new Date());
  for (const t of root.querySelectorAll("time[datetime]")) {
    const at = new Date(t.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    t.title = whole.format(at);
    if (t.dataset.form === "hour") t.textContent = hour.format(at);
    else t.textContent = day.format(at) === today ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
  }
}

function countDown(root) {
  for (const e of root.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.round((new Date(e.dataset.until) - Date.now()) / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const text = left >= 3600 ? `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}` : `${Math.floor(left / 60)}:${two(left % 60)}`;
    e.textContent = left ? text : "expired";
  }
}

function copyButtons(root) {
  for (const b of root.querySelectorAll("button[data-copy]")) {
    b.hidden = !navigator.clipboard;
    b.addEventListener("click", async () => {
      await navigator.clipboard.writeText(b.dataset.copy);
      b.textContent = "Copied";
      setTimeout(() => { b.textContent = "Copy"; }, 2000);
    });
  }
}

function fitFrames(root) {
  for (const f of root.querySelectorAll("iframe")) {
    const fit = () => {
      const page = f.contentDocument;
      if (page && page.body && page.body.scrollHeight) f.height = Math.min(page.body.scrollHeight + 2, 1200);
      if (f.height) f.classList.add("fitted");
    };
    f.addEventListener("load", fit);
    fit();
  }
}

function enhance(root) {
  localTimes(root);
  countDown(root);
  copyButtons(root);
  fitFrames(root);
}

const reachable = "a[href], button, input, select, summary, [tabindex]";

// replace puts new content into a live part and keeps the focus. It leaves a form
// alone that somebody is filling in.
function replace(part, html) {
  const active = document.activeElement;
  if (part.contains(active) && active.matches("input, select")) return;
  const at = [...part.querySelectorAll(reachable)].indexOf(active);
  part.innerHTML = html;
  enhance(part);
  if (at >= 0) part.querySelectorAll(reachable)[at]?.focus();
}

for (const part of document.querySelectorAll("[data-live]")) {
  const state = document.getElementById("live-state");
  const say = (words, on) => {
    if (state.textContent !== words) state.textContent = words;
    state.classList.toggle("on", on);
  };
  const stream = new EventSource(part.dataset.live);
  stream.addEventListener("open", () => say("live", true));
  stream.addEventListener("error", () => say("waiting for the bridge", false));
  stream.addEventListener("message", (event) => replace(part, JSON.parse(event.data)));
  addEventListener("pagehide", () => stream.close());
}

enhance(document);
setInterval(() => countDown(document), 1000);

// Shows the result of a form once, and not again when the page is reloaded.
const here = new URL(location);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  here.searchParams.delete("n");
  history.replaceState(null, "", here);
}
