// The history that the server keeps: a list to search, open, delete, export and import.

import { find, icon, make, openDialog, saveFile, showText, toast } from "./dom.js";
import * as server from "./server.js";
import { forgetTicks, state } from "./state.js";
import { showDate, text } from "./texts.js";

const TYPING_PAUSE = 200; // milliseconds before a search

const otherTabs = new BroadcastChannel("history");
let show = () => {}; // shows an entry on the page

/** `showEntry` shows an entry of the history on the page. */
export function prepareHistory(showEntry) {
  show = showEntry;
  let typing;
  find("#history-search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(refreshHistory, TYPING_PAUSE);
  });
  find("#open-history").addEventListener("click", () => {
    if (find("#history").open) find("#history").close();
    else openDialog(find("#history"));
  });
  find("#history-export").addEventListener("click", reporting(exportMarkdown));
  find("#history-backup").addEventListener("click", reporting(backUp));
  find("#history-delete").addEventListener("click", reporting(deleteAll));
  find("#history-import").addEventListener("click", () => find("#history-file").click());
  find("#history-file").addEventListener("change", reporting(importFile));
  otherTabs.addEventListener("message", refreshHistory);
}

/** Say what went wrong, whatever a button does. */
const reporting = (action) => (event) => action(event).catch((error) => toast(error.message));

/** Keep a finished turn, and give it the id of its entry. */
export async function remember(turn) {
  if (!state.status?.history) return;
  const { question, content, answer, documentName } = turn;
  const entry = await server.addToHistory({ question, content, answer, document_name: documentName }).catch(() => null);
  if (!entry) return;
  turn.id = entry.id;
  history.replaceState(null, "", `#${entry.id}`); // so that a reload shows it again
  await changed();
}

async function changed() {
  otherTabs.postMessage("changed");
  await refreshHistory();
}

export async function refreshHistory() {
  const isKept = Boolean(state.status?.history);
  const words = find("#history-search").value.trim();
  const entries = isKept ? await server.readHistory(words).catch(() => []) : [];
  state.entries = entries;
  for (const id of ["search", "import"]) find(`#history-${id}`).hidden = !isKept;
  for (const id of ["export", "backup", "delete"]) find(`#history-${id}`).hidden = !entries.length;
  const reason = !isKept ? "historyOff" : words ? "nothingFound" : "noHistory";
  showText(find("#history-empty"), entries.length ? "" : text(reason));
  find("#history-list").replaceChildren(...entries.map(entryView));
}

function entryView(entry) {
  const question = entry.question || entry.document_name || text("summarizeDocument");
  const open = make("button", { type: "button", class: "entry" }, make("span", {}, question), make("span", { class: "faint" }, showDate(entry.at)));
  open.addEventListener("click", () => openEntry(entry));
  const remove = make("button", { type: "button", class: "quiet small", "aria-label": text("deleteOne", question) }, icon("delete"));
  remove.addEventListener("click", reporting(() => deleteEntry(entry)));
  return make("li", {}, open, remove);
}

function openEntry(entry) {
  history.replaceState(null, "", `#${entry.id}`);
  if (find("#history").matches(":modal")) find("#history").close();
  show(entry);
}

/** The entry that the address names, after a reload. */
export function openAddressed() {
  const entry = state.entries.find(({ id }) => `#${id}` === location.hash);
  if (entry) show(entry);
}

async function deleteEntry({ id }) {
  await server.deleteHistory(id);
  forgetTicks(id);
  toast(text("deleted"));
  await changed();
  find("#history-search").focus();
}

async function deleteAll() {
  if (!confirm(text("deleteAllSure"))) return;
  await server.deleteHistory();
  forgetTicks();
  toast(text("deleted"));
  await changed();
}

async function exportMarkdown() {
  saveFile("history.md", "text/markdown", await server.readHistoryAsMarkdown());
}

async function backUp() {
  const entries = await server.readHistory("");
  saveFile("history.json", "application/json", JSON.stringify({ entries }, null, 1));
}

async function importFile(event) {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  const entries = entriesIn(await file.text());
  if (!entries) return toast(text("notImported"));
  toast(text("imported", await server.importHistory(entries)));
  await changed();
}

/** The entries of a backup; undefined for any other file. */
function entriesIn(words) {
  try {
    const { entries } = JSON.parse(words);
    return Array.isArray(entries) ? entries : undefined; // a list has a method of this name
  } catch {
    return undefined;
  }
}
