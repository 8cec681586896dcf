// The page starts here: it wires the fields and buttons of page.html to the modules.

import { find, isWide, make, prepareDialogs } from "./dom.js";
import { shownDocument } from "./document.js";
import { openAddressed, prepareHistory, refreshHistory } from "./history.js";
import { prepareModel, showModel } from "./model.js";
import { chooseOwn, prepareOwnDocument } from "./own_document.js";
import { readStatus } from "./server.js";
import { prepareSpeech } from "./speech.js";
import { applyLook, prepareSettings, showDefaults } from "./settings.js";
import { state } from "./state.js";
import { setLanguage } from "./texts.js";
import { askQuestion, clearTurns, removeEdited, renderTurns, showEntry, stop } from "./turns.js";
import { prepareWhere } from "./where.js";

const HAS_MOUSE = matchMedia("(pointer: fine)");
const STATUS_PAUSE = 15_000; // milliseconds between two looks at the training

function start() {
  applyLook();
  setLanguage(state.chosen.language);
  prepareDialogs();
  prepareSettings(showLook, loadAll);
  prepareHistory(showEntry);
  prepareOwnDocument();
  prepareModel();
  prepareWhere();
  prepareAsking();
  prepareSpeech();
  if (HAS_MOUSE.matches) find("#question").focus(); // on a phone the keyboard would cover the page
  // Beside the page from the start, without taking the focus as `show` would.
  find("#history").open = isWide();
  loadAll().then(openAddressed);
  setInterval(() => document.hidden || loadStatus(), STATUS_PAUSE);
}

function showLook() {
  applyLook();
  setLanguage(state.chosen.language);
  chooseOwn(state.own);
  renderTurns();
  showModel();
  refreshHistory();
}

async function loadAll() {
  await loadStatus();
  await refreshHistory();
}

async function loadStatus() {
  state.status = await readStatus().catch(() => state.status);
  showModel();
  showDefaults();
  showTopics(state.status?.topics ?? []);
}

/** Questions that the text answers, on an empty page. */
function showTopics(topics) {
  const list = find("#topics");
  if (list.children.length) return; // they may be in use
  find("#topics-title").hidden = !topics.length;
  const button = (topic) => make("button", { type: "button", onclick: () => submit(topic) }, topic);
  list.replaceChildren(...topics.map((topic) => make("li", {}, button(topic))));
}

function prepareAsking() {
  const field = find("#question");
  find("#ask").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(field.value.trim());
  });
  field.addEventListener("keydown", (event) => {
    // While a syllable is composed, Enter ends it. On a phone the button asks, and Enter begins a line.
    const asks = event.key === "Enter" && !event.shiftKey && !event.isComposing && HAS_MOUSE.matches;
    if (!asks) return;
    event.preventDefault();
    submit(field.value.trim());
  });
  find("#stop").addEventListener("click", stop);
  find("#new-question").addEventListener("click", startAnew);
  find("#document-ask").addEventListener("click", () => {
    chooseOwn(shownDocument());
    find("#document").close();
    field.focus();
  });
}

/** Ask a question, or for a summary where there is a document and no question. */
function submit(question) {
  if (!question && !state.own) return find("#question").focus();
  removeEdited();
  find("#question").value = "";
  return askQuestion(question);
}

function startAnew() {
  clearTurns();
  chooseOwn(null);
  history.replaceState(null, "", location.pathname);
  find("#question").value = "";
  find("#question").focus();
}

start();
