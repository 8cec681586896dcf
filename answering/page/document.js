// The document beside the answer, with the lines marked that the answer took.

import { find, make, openDialog, showText, toast } from "./dom.js";
import { readDocument } from "./server.js";
import { text } from "./texts.js";

let shown = null; // {id, name}

/** Open a document of a turn's answer: one of the server's, or the user's own. The view goes to `line`. */
export async function openDocument(turn, id, line = null) {
  try {
    const found = id === "given" ? givenDocument(turn) : await readDocument(id);
    showDocument(found, id, linesTaken(turn, id), line);
  } catch (refusal) {
    toast(refusal.status === 404 ? text("documentGone") : refusal.message);
  }
}

function givenDocument(turn) {
  if (!turn.own?.lines) return Promise.reject(new Error(text("documentGone")));
  return { title: turn.own.name, file: "", line: 1, lines: turn.own.lines };
}

/** The lines of a document that the sections of an answer come from. */
function linesTaken(turn, id) {
  const lines = (turn.answer?.sections ?? []).flatMap((section) => section.lines);
  return new Set(lines.filter((line) => line.source?.document_id === id).map((line) => line.source.line));
}

function showDocument({ title, file, line: first, lines }, id, taken, line) {
  shown = { id, name: title };
  find("#document-title").textContent = title;
  showText(find("#document-place"), text("documentPlace", file, first));
  find("#document-ask").hidden = id === "given";
  const items = lines.map((words, number) => {
    const isTarget = number === line;
    const shownLine = make(taken.has(number) || isTarget ? "mark" : "span", {}, words);
    return make("li", { class: isTarget && "target", "aria-current": isTarget && "true" }, make("div", {}, shownLine));
  });
  find("#document-lines").replaceChildren(...items);
  openDialog(find("#document"));
  const target = items[line ?? Math.min(...taken)] ?? items[0];
  target?.scrollIntoView({ block: line === null ? "nearest" : "center" });
  find("#document-lines").focus({ preventScroll: true });
}

export const shownDocument = () => shown;
