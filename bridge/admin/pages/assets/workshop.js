// Colours the text, previews it when typing pauses, and inserts facts.
// The workshop works without it: the form's button fills the frame.
"use strict";

const bench = document.getElementById("bench");
const text = document.getElementById("text");
const layer = document.querySelector(".layer");
const stage = document.getElementById("stage");
const problems = document.getElementById("problems");
const facts = document.getElementById("facts");

// How long typing must pause before the preview is updated.
const rest = 100;

// How long to wait before a retry, if the bridge was busy or unreachable.
const again = 2000;

let wrong = new Set(linesOf(problems));

function linesOf(root) {
  return [...root.querySelectorAll("[data-line]")].map((b) => Number(b.dataset.line));
}

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escape = (s) => s.replace(/[&<>]/g, (c) => escapes[c]);
const span = (name, s) => `<span class="${name}">${escape(s)}</span>`;

// actions colours the template actions in a text.
function actions(s) {
  return s.split(/(\{\{.*?(?:\}\}|$))/).map((part, i) => (i % 2 ? span("action", part) : escape(part))).join("");
}

// line colours one line of YAML: its key, its comment, and the templates in it.
function line(s) {
  if (/^\s*#/.test(s)) return span("note", s);
  const key = /^(\s*(?:- )?(?:\{ )?)([\w.*"'-]+)(:(?=\s|$))/.exec(s);
  let rest = s, out = "";
  if (key) {
    out = escape(key[1]) + span("key", key[2]) + key[3];
    rest = s.slice(key[0].length);
  }
  const note = /\s#[^'"{}]*$/.exec(rest);
  if (!note) return out + actions(rest);
  return out + actions(rest.slice(0, note.index)) + span("note", note[0]);
}

function colour() {
  layer.innerHTML = text.value.split("\n").map((s, i) => (wrong.has(i + 1) ? `<span class="wrong">${line(s) || " "}</span>` : line(s))).join("\n") + "\n";
  scroll();
}

function scroll() {
  layer.scrollTop = text.scrollTop;
  layer.scrollLeft = text.scrollLeft;
}

let timer, asked;

async function preview() {
  clearTimeout(timer);
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  if (stage.dataset.later) { // a link on another site led here
    stage.src = stage.dataset.later;
    delete stage.dataset.later;
  }
  try {
    const answer = await fetch("/workshop/preview", { method: "POST", body: new URLSearchParams(new FormData(bench)), headers: { Accept: "application/json" }, signal });
    if (!answer.ok) throw new Error(`the bridge answered ${answer.status}`);
    show(await answer.json());
  } catch (error) {
    if (error.name === "AbortError") return;
    problems.textContent = `There is no preview: ${error.message}.`;
    stage.classList.add("stale");
    timer = setTimeout(preview, again);
  }
}

// A frame that is not ready yet sends its height when it is.
let shown = "", listens = false;

function toStage(html) {
  shown = html;
  stage.contentWindow.postMessage({ html }, "*");
}

function show(fresh) {
  if (fresh.stage) toStage(fresh.stage);
  stage.classList.toggle("stale", !fresh.stage);
  if (problems.innerHTML !== fresh.problems) problems.innerHTML = fresh.problems;
  if (fresh.facts && facts.dataset.shown !== fresh.facts) {
    const open = new Set([...facts.querySelectorAll("details[open] > summary")].map((s) => s.textContent));
    if (!facts.contains(document.activeElement)) {
      facts.innerHTML = fresh.facts;
      facts.dataset.shown = fresh.facts;
      for (const s of facts.querySelectorAll("summary")) if (open.has(s.textContent)) s.parentElement.open = true;
    }
  }
  wrong = new Set(fresh.lines);
  colour();
  bench.dataset.shown = String(Number(bench.dataset.shown ?? 0) + 1);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(preview, rest);
}

// insert puts a fact at the cursor: its plain name inside a template action, otherwise
// an action of its own.
function insert(path) {
  const before = text.value.slice(0, text.selectionStart);
  const within = before.lastIndexOf("{{") > before.lastIndexOf("}}");
  text.setRangeText(within ? path : `{{ ${path} }}`, text.selectionStart, text.selectionEnd, "end");
  text.focus();
  colour();
  soon();
}

function goTo(lineNumber, column) {
  const start = text.value.split("\n").slice(0, lineNumber - 1).join("\n").length + (lineNumber > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start + column - 1, start + column - 1);
  text.scrollTop = Math.max(0, (lineNumber - 6) * 20);
}

text.addEventListener("input", () => { colour(); soon(); });
text.addEventListener("scroll", scroll);
for (const name of ["kind", "copies"]) bench.elements[name].addEventListener("input", soon);
facts.addEventListener("click", (event) => {
  const b = event.target.closest("[data-insert]");
  if (b) insert(b.dataset.insert);
});
problems.addEventListener("click", (event) => {
  const b = event.target.closest("[data-line]");
  if (b) goTo(Number(b.dataset.line), Number(b.dataset.column));
});
bench.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  preview();
});
addEventListener("message", (event) => {
  if (event.source !== stage.contentWindow || typeof event.data.height !== "number") return;
  stage.style.height = `${Math.min(event.data.height + 8, 6000)}px`;
  if (!listens) {
    listens = true;
    if (shown) toStage(shown);
  }
});

document.querySelector(".editor").classList.add("coloured");
colour();
// The frame shows the saved text, not what the form sent before or what a browser
// restored when somebody came back.
if (bench.dataset.unsaved || text.value !== text.defaultValue) soon();
