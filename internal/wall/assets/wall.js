// Keeps the page up to date. The server sends finished, escaped HTML; nothing
// in it runs, by the page's Content-Security-Policy.
"use strict";

const keep = Number(document.body.dataset.keep);
const state = document.getElementById("state");

function setCounts(counts) {
  for (const [platform, c] of Object.entries(counts)) {
    const column = document.getElementById(platform);
    if (!column) continue;
    column.querySelector('[data-count="accepted"]').textContent = c.accepted;
    const refused = column.querySelector('[data-count="refused"]');
    refused.textContent = c.refused;
    refused.hidden = c.refused === 0;
  }
}

function insert(message) {
  const list = document.querySelector(`#${message.platform} .messages`);
  list.insertAdjacentHTML("afterbegin", message.html);
  list.firstElementChild.classList.add("new");
  const all = list.querySelectorAll(":scope > .message");
  for (const old of [...all].slice(keep)) old.remove();
}

const events = new EventSource("/events?after=" + document.body.dataset.last);
events.addEventListener("open", () => { state.textContent = "live"; state.classList.add("on"); });
events.addEventListener("error", () => { state.textContent = "waiting for the wall"; state.classList.remove("on"); });
events.addEventListener("cleared", () => document.querySelectorAll(".message").forEach((m) => m.remove()));
events.addEventListener("messages", (event) => {
  const news = JSON.parse(event.data);
  if (news.messages.some((m) => !document.getElementById(m.platform))) return location.reload(); // it gets a column
  news.messages.forEach(insert);
  setCounts(news.counts);
});

document.getElementById("clear").addEventListener("click", () => fetch("/api/messages", { method: "DELETE" }));
