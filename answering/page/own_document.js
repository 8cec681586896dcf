// The user's own document: pasted, dropped or chosen. The server reads it as step 01 reads files, and keeps nothing.

import { find, openDialog, showText } from "./dom.js";
import { readOwnDocument } from "./server.js";
import { state } from "./state.js";
import { text } from "./texts.js";

const MOST_BYTES = 10_000_000; // the server's limit

/** Ask this document from now on; null: search all documents again. */
export function chooseOwn(own) {
  state.own = own;
  const chip = find("#own-chip");
  find("span", chip).textContent = own?.name ?? "";
  chip.hidden = !own;
  find("#question").placeholder = text(own ? "placeholderDocument" : "placeholder");
}

export function prepareOwnDocument() {
  const dialog = find("#own");
  find("#open-own").addEventListener("click", () => openOwn());
  find("#own-chip button").addEventListener("click", () => {
    chooseOwn(null);
    find("#question").focus();
  });
  find("#own-choose").addEventListener("click", () => find("#own-file").click());
  find("#own-file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be chosen again
    if (file) take(file);
  });
  find("form", dialog).addEventListener("submit", (event) => {
    event.preventDefault();
    const words = find("#own-paste").value;
    if (words.trim()) take({ name: text("pasted"), text: words });
    else showText(find("#own-error"), text("emptyDocument"));
  });
  acceptDrops();
}

function openOwn() {
  showText(find("#own-error"), "");
  openDialog(find("#own"));
  find("#own-paste").focus();
}

/** A file may be dropped anywhere on the page. */
function acceptDrops() {
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}

async function take(source) {
  const dialog = find("#own");
  try {
    if (source.size > MOST_BYTES) throw new Error(text("tooLarge"));
    const { lines } = await readOwnDocument(source);
    chooseOwn({ name: source.name, lines });
    find("#own-paste").value = "";
    dialog.close();
    find("#question").focus();
  } catch (error) {
    if (!dialog.open) openOwn(); // a file dropped on the page
    showText(find("#own-error"), error.message);
  }
}
