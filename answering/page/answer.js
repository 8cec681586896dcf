// One question with its answer on the page: sections, checklists, contacts, and where each line comes from.

import { copy, icon, make, toast } from "./dom.js";
import { CHECKLISTS, groupContacts, linkOf, NOTHING, readSections, splitEmpty } from "./sections.js";
import { keepTicks } from "./state.js";
import { currentLanguage, text, translateNote } from "./texts.js";

/** The elements of a turn: {article, body}. `actions` are called with the turn: again, edit, share, print, open, askDocument. */
export function makeTurn(turn, actions) {
  const body = make("div", { class: "answer" });
  const edit = make("button", { type: "button", class: "quiet", onclick: () => actions.edit(turn) }, icon("edit"), text("edit"));
  const question = make("h2", { class: "asked", tabindex: "-1" }, turn.question || text("summarizeDocument"));
  const name = turn.documentName && make("p", { class: "faint of-document" }, icon("document"), turn.documentName);
  const article = make("article", { class: "turn" }, make("header", {}, question, name || null, edit), body);
  return { article, body };
}

/** Bring the body of a turn up to date. While the answer is written, only sections that changed are made anew. */
export function renderAnswer(turn, actions) {
  const { article, body } = turn.elements;
  const isFinished = !turn.isRunning;
  article.setAttribute("aria-busy", String(!isFinished));
  const { filled, empty } = splitEmpty(sectionsOf(turn), isFinished);
  const parts = [
    part("found", foundView, turn, actions),
    ...filled.map((section) => part(section.key, sectionView, turn, section, actions)),
    part("end", isFinished ? endView : waitView, turn, empty, actions),
  ];
  const isFolded = turn.answer?.offer?.length > 0;
  replaceChanged(body, parts, { isFolded, isFinished, answer: isFinished && turn.answer, language: currentLanguage() });
  fold(body, isFolded, turn);
}

/** The server's sections at the end; until then, and where it sends none, those of the text. */
function sectionsOf(turn) {
  return turn.answer?.sections?.length ? turn.answer.sections : readSections(turn.content);
}

const part = (name, view, ...values) => ({ name, view, values });

function replaceChanged(body, parts, circumstances) {
  const shown = body.shown ?? [];
  const wanted = parts.map(({ name, view, values }) => {
    const [turn, subject] = values;
    const state = JSON.stringify([name, view.name, subject, circumstances, turn.answer?.sources, turn.error, turn.waiting, turn.content === ""]);
    const same = shown.find((each) => each.state === state);
    return same ?? { state, element: view(...values) };
  });
  const kept = new Set(wanted);
  for (const each of shown) if (!kept.has(each)) each.element.remove();
  wanted.forEach(({ element }, place) => {
    if (body.children[place] !== element) body.insertBefore(element, body.children[place] ?? null);
  });
  body.shown = wanted;
}

/** An answer that may be about something else is folded away below the titles that are offered instead. */
function fold(body, isFolded, turn) {
  for (const section of body.querySelectorAll(":scope > section")) section.hidden = isFolded && !turn.isUnfolded;
}

// --- Above the sections: documents, notes, the nearest titles ---

function foundView(turn, actions) {
  const view = make("div", { class: "found" });
  if (!turn.answer) return view;
  const { sources = [], notes = [], offer = [] } = turn.answer;
  if (offer.length) view.append(offerView(turn, offer, actions));
  else if (sources.length) view.append(sourcesView(turn, sources, actions));
  const shown = offer.length ? notes.filter((note) => !note.startsWith("(weak match")) : notes;
  view.append(...shown.map((note) => make("p", { class: "note" }, translateNote(note))));
  return view;
}

function sourcesView(turn, sources, actions) {
  const open = (source) => () => actions.open(turn, source.id);
  const buttons = sources.map((source) =>
    make("button", { type: "button", class: "link", onclick: open(source) }, icon("document"), source.title || text("given")),
  );
  return make("p", { class: "sources" }, make("span", { class: "faint" }, text("sources")), ...buttons);
}

function offerView(turn, offer, actions) {
  const ask = (one) => () => actions.askDocument(turn, one);
  const buttons = offer.map((one) => make("li", {}, make("button", { type: "button", onclick: ask(one) }, one.title)));
  const unfold = (event) => {
    turn.isUnfolded = true;
    event.target.remove();
    renderAnswer(turn, actions);
  };
  const anyway = make("button", { type: "button", class: "link", onclick: unfold }, text("answerAnyway"));
  return make("div", { class: "note offer" }, make("p", {}, text("offer")), make("ul", {}, ...buttons), turn.isUnfolded ? null : anyway);
}

// --- A section ---

function sectionView(turn, section, actions) {
  const views = { contacts: contactsView, details: paragraphsView, text: paragraphsView };
  const view = views[section.key] ?? (CHECKLISTS.includes(section.key) ? checklistView : listView);
  const lines = section.lines.filter((line) => line.text !== NOTHING);
  const heading = make("h3", {}, text(section.key) ?? section.title ?? section.key);
  return make("section", { class: section.key }, heading, ...view(turn, lines, actions, heading, section.key));
}

function listView(turn, lines, actions) {
  return [make("ul", {}, ...lines.map((line) => lineView("li", turn, line, actions, make("span", {}, line.text))))];
}

function paragraphsView(turn, lines, actions) {
  return lines.map((line) => lineView("p", turn, line, actions, make("span", {}, line.text)));
}

function checklistView(turn, lines, actions, heading, key) {
  const count = make("span", { class: "faint count" });
  const show = () => {
    const done = lines.filter((line) => turn.ticks.has(tickName(key, line))).length;
    count.textContent = done ? text("progress", done, lines.length) : "";
  };
  const tick = (line) => (event) => {
    turn.ticks[event.target.checked ? "add" : "delete"](tickName(key, line));
    keepTicks(turn.id, turn.ticks);
    show();
  };
  const items = lines.map((line) => {
    const box = make("input", { type: "checkbox", checked: turn.ticks.has(tickName(key, line)), onchange: tick(line) });
    return lineView("li", turn, line, actions, make("label", {}, box, make("span", {}, line.text)));
  });
  show();
  heading.append(count);
  return [make("ul", {}, ...items)];
}

const tickName = (key, line) => `${key}: ${line.text}`;

function contactsView(turn, lines, actions) {
  return groupContacts(lines).map(({ owner, lines: contacts }) => {
    const rows = contacts.map((line) => lineView("li", turn, line, actions, ...contactView(line.contact)));
    return make("div", { class: "card" }, owner ? make("h4", {}, owner) : null, make("ul", {}, ...rows));
  });
}

function contactView(contact) {
  const href = linkOf(contact);
  const kind = make("span", { class: "unseen" }, `${text(contact.type)} `);
  // Telephone and mail programs open beside the page; sites would replace it.
  const leaves = href.startsWith("http");
  const value = href
    ? make("a", { href, target: leaves && "_blank", rel: leaves && "noopener noreferrer" }, kind, contact.value)
    : make("span", {}, kind, contact.value);
  const label = text("copyOf", contact.value);
  const button = make("button", { type: "button", class: "quiet small", "aria-label": label, title: text("copy") }, icon("copy"));
  button.addEventListener("click", () => copyValue(contact.value));
  const note = contact.note ? make("span", { class: "faint" }, contact.note) : null;
  return [icon(contact.type), make("span", { class: "value" }, value, note), button];
}

async function copyValue(value) {
  try {
    await copy(value);
    toast(text("copied"));
  } catch {
    toast(text("notCopied"));
  }
}

// --- Where a line comes from ---

/** A line, and a button that opens its document; `data-where` is what the pointer shows. */
function lineView(tag, turn, line, actions, ...content) {
  const title = line.source && titleOf(turn, line.source.document_id);
  if (!title) return make(tag, { class: "line" }, ...content);
  const number = line.source.line + 1;
  const open = () => actions.open(turn, line.source.document_id, line.source.line);
  const label = text("openSource", title, number);
  const button = make("button", { type: "button", class: "source quiet small", "aria-label": label, onclick: open }, icon("document"));
  const view = make(tag, { class: "line", "data-where": text("fromLine", title, number) }, ...content, button);
  view.addEventListener("click", (event) => opensSource(event) && open());
  return view;
}

/** Whether a click on a line opens its document: a tap only shows where it comes from, and boxes and links do their own. */
function opensSource(event) {
  return event.pointerType === "mouse" && getSelection().isCollapsed && !event.target.closest("button, a, label, input");
}

/** The title of a document of the answer; "" for a document of the user's own that is no longer here. */
function titleOf(turn, id) {
  if (id === "given") return turn.own?.lines ? turn.own.name : "";
  return turn.answer?.sources?.find((source) => source.id === id)?.title || text("sourceShort");
}

// --- Below the sections ---

function waitView(turn) {
  return make("p", { class: "waiting" }, turn.waiting || text(turn.content ? "writing" : "searching"));
}

function endView(turn, empty, actions) {
  const button = (action, image, label) =>
    make("button", { type: "button", class: "quiet", onclick: () => actions[action](turn) }, icon(image), text(label));
  const buttons = [button("again", "again", turn.error ? "retry" : "again")];
  if (turn.content) buttons.push(button("share", "share", "share"), button("print", "print", "print"));
  return make(
    "footer",
    {},
    empty.length ? make("p", { class: "faint" }, text("missing", empty.map((key) => text(key)))) : null,
    turn.error ? make("p", { class: "error" }, turn.error) : null,
    turn.isStopped ? make("p", { class: "note" }, text("stopped")) : null,
    turn.answer?.verified ? make("p", { class: "faint verified" }, text(verdict(turn.answer.verified))) : null,
    make("div", { class: "tools" }, ...buttons),
  );
}

function verdict({ lines, contacts }) {
  if (lines && contacts) return "verified";
  return contacts ? "verifiedContacts" : "unverified";
}
