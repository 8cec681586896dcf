// Asking: a turn is one question with its answer, from the click to its entry in the history.

import { makeTurn, renderAnswer } from "./answer.js";
import { announce, copy, find, toast } from "./dom.js";
import { openDocument } from "./document.js";
import { remember } from "./history.js";
import { chooseOwn } from "./own_document.js";
import { readSections, splitEmpty, toPlainText } from "./sections.js";
import * as server from "./server.js";
import { keepTicks, state, ticksOf } from "./state.js";
import { text } from "./texts.js";

const actions = { again, edit, share, print: printTurn, open: openDocument, askDocument };

/** A new turn at the end of the page, about the chosen document if there is one. */
export function askQuestion(question) {
  const turn = addTurn({ question, own: state.own, documentName: state.own?.name ?? "" });
  // The question goes to the top and stays: a page that moves while one reads is hard to read.
  turn.elements.article.scrollIntoView({ block: "start" });
  return run(turn);
}

/** An entry of the history, alone on the page. */
export function showEntry(entry) {
  clearTurns();
  const { question, content, answer, document_name: documentName } = entry;
  addTurn({ id: entry.id, question, content, answer, documentName, ticks: ticksOf(entry.id) });
  find("#turns .asked").focus({ preventScroll: true });
  scrollTo(0, 0);
}

export function clearTurns() {
  stop();
  state.turns = [];
  find("#turns").replaceChildren();
  find("#welcome").hidden = false;
}

export function stop() {
  state.running?.abort.abort();
}

/** Show everything in the language that was chosen now. */
export function renderTurns() {
  for (const turn of state.turns) {
    const { article } = turn.elements;
    turn.elements = makeTurn(turn, actions);
    article.replaceWith(turn.elements.article);
    renderAnswer(turn, actions);
  }
}

function addTurn(fields) {
  const turn = { id: "", own: null, documentName: "", content: "", answer: null, error: "", ticks: new Set(), ...fields };
  turn.elements = makeTurn(turn, actions);
  state.turns.push(turn);
  find("#turns").append(turn.elements.article);
  find("#welcome").hidden = true;
  renderAnswer(turn, actions);
  return turn;
}

/** Ask the server and show what comes. Another question that is being answered is stopped. */
async function run(turn, changes = {}) {
  stop();
  Object.assign(turn, { id: "", content: "", answer: null, error: "", isStopped: false, isUnfolded: false, ticks: new Set() });
  turn.abort = new AbortController();
  setRunning(turn);
  try {
    await server.ask({ ...wishesOf(turn), ...changes }, listenersOf(turn));
    finish(turn);
    await remember(turn);
    keepTicks(turn.id, turn.ticks); // those ticked before the answer had an id
  } catch (error) {
    fail(turn, error);
  }
}

function wishesOf(turn) {
  const wishes = { question: turn.question, ...state.chosen.request };
  if (turn.own?.id) wishes.document_id = turn.own.id;
  else if (turn.own) Object.assign(wishes, { document: turn.own.lines.join("\n"), document_name: turn.own.name });
  return wishes;
}

function listenersOf(turn) {
  const show = onceAFrame(() => renderAnswer(turn, actions));
  return {
    signal: turn.abort.signal,
    onText: (piece) => show((turn.content += piece)),
    onAnswer: (answer) => show(Object.assign(turn, { answer, waiting: "" })),
    onWait: (seconds) => show((turn.waiting = text("busy", seconds))),
  };
}

/** Many pieces between two frames of the screen are shown at once. */
function onceAFrame(show) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      show();
    });
  };
}

function setRunning(turn) {
  const last = state.running;
  if (last && last !== turn) endRunning(last);
  state.running = turn;
  turn.isRunning = true;
  turn.waiting = "";
  showRunning();
  renderAnswer(turn, actions);
}

function endRunning(turn) {
  turn.isRunning = false;
  if (state.running === turn) state.running = null;
  showRunning();
  renderAnswer(turn, actions);
}

function showRunning() {
  const hadFocus = document.activeElement === find("#stop");
  find("#stop").hidden = !state.running;
  find("#send").hidden = Boolean(state.running);
  if (hadFocus && !state.running) find("#question").focus();
}

function finish(turn) {
  endRunning(turn);
  const sections = turn.answer?.sections?.length ? turn.answer.sections : readSections(turn.content);
  const counts = splitEmpty(sections, true).filled.map(({ key, lines }) => text("lineCount", text(key), lines.length));
  announce(text("finished", counts.join(", ")));
}

function fail(turn, error) {
  turn.isStopped = error.name === "AbortError";
  if (!turn.isStopped) turn.error = error instanceof server.Refusal ? error.message : text("failed");
  if (!turn.isStopped && !(error instanceof server.Refusal)) console.error(error);
  endRunning(turn);
  announce(turn.error || text("stopped"));
}

// --- What the buttons of a turn do ---

/** Another answer to the same question; the same seed would write the same one. */
function again(turn) {
  const isNew = turn.answer && !turn.error;
  return run(turn, isNew ? { seed: crypto.getRandomValues(new Uint32Array(1))[0] } : {});
}

/** The question goes back into its field; its answer makes room when the new one is asked. */
function edit(turn) {
  state.edited = turn;
  chooseOwn(turn.own);
  const field = find("#question");
  field.value = turn.question;
  field.focus();
  field.dispatchEvent(new Event("input"));
}

/** Remove the turn whose question was edited. */
export function removeEdited() {
  if (!state.edited) return;
  if (state.edited === state.running) stop();
  state.edited.elements.article.remove();
  state.turns = state.turns.filter((turn) => turn !== state.edited);
  state.edited = null;
}

/** The same question to one of the titles that were offered. */
function askDocument(turn, { id, title }) {
  const asked = addTurn({ question: turn.question, own: { id, name: title }, documentName: title });
  asked.elements.article.scrollIntoView({ block: "start" });
  return run(asked);
}

async function share(turn) {
  const plain = toPlainText(turn.question, turn.content, turn.answer?.sources ?? []);
  try {
    if (navigator.share) return await navigator.share({ text: plain });
    await copy(plain);
    toast(text("copied"));
  } catch (error) {
    if (error.name !== "AbortError") toast(text("notCopied"));
  }
}

/** One answer on paper. Printing by the browser's own menu prints all of them. */
function printTurn(turn) {
  document.body.classList.add("one");
  turn.elements.article.classList.add("printed");
  addEventListener("afterprint", () => {
    document.body.classList.remove("one");
    turn.elements.article.classList.remove("printed");
  }, { once: true });
  print();
}
