// What the page knows, in one object; what outlives a reload is in localStorage.

const KEPT = "page"; // the name in localStorage
const TICKS = "ticks:"; // followed by the id of an entry of the history

/** What the user chose. Values of the API are kept only where they differ from the server's. */
const DEFAULTS = { language: "ko", theme: "auto", size: "normal", key: "", request: {} };

export const state = {
  chosen: { ...DEFAULTS, ...read(KEPT, {}) },
  status: null, // the server's: model, training, topics, settings
  turns: [], // questions and answers on the page, the oldest first
  running: null, // the turn that is being answered
  own: null, // the document to ask: {name, lines} of the user's own, or {name, id} of one of the server's
  edited: null, // the turn whose question is back in its field
  entries: [], // the history
};

export function keepChosen(changes) {
  Object.assign(state.chosen, changes);
  write(KEPT, state.chosen);
}

export function forgetChosen() {
  const { language, key } = state.chosen;
  state.chosen = { ...DEFAULTS, request: {}, language, key };
  write(KEPT, state.chosen);
}

/** The ticked lines of an answer. Without an id it is not in the history, and nothing is kept. */
export const ticksOf = (id) => new Set(id ? read(TICKS + id, []) : []);

export function keepTicks(id, ticks) {
  if (!id) return;
  if (ticks.size) write(TICKS + id, [...ticks]);
  else localStorage.removeItem(TICKS + id);
}

/** Forget the ticks of one entry, or of all. */
export function forgetTicks(id = "") {
  for (const name of Object.keys(localStorage)) {
    if (id ? name === TICKS + id : name.startsWith(TICKS)) localStorage.removeItem(name);
  }
}

/** What localStorage holds may be of another version or damaged, and a browser may forbid it. */
function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Private windows and full disks: the page works, and forgets with the window.
  }
}
