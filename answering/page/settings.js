// The settings drawer: how the page looks, and what differs from the server's way of answering.

import { find, openDialog } from "./dom.js";
import { forgetChosen, keepChosen, state } from "./state.js";

const LOOKS = ["language", "theme", "size"];
const NUMBERS = ["temperature", "top_p", "top_k", "max_new_tokens", "seed"];

/** `onLook` is called when the language, the theme or the size of the text changed. */
export function prepareSettings(onLook, onKey) {
  find("#open-settings").addEventListener("click", () => openDialog(find("#settings")));
  for (const name of LOOKS) {
    find(`#${name}`).addEventListener("change", (event) => {
      keepChosen({ [name]: event.target.value });
      onLook();
    });
  }
  for (const name of NUMBERS) find(`#${name}`).addEventListener("change", (event) => keepNumber(name, event.target));
  find("#form").addEventListener("change", (event) => keepWish("form", event.target.value || null));
  find("#key").addEventListener("change", (event) => {
    keepChosen({ key: event.target.value.trim() });
    onKey();
  });
  find("#settings-reset").addEventListener("click", () => {
    forgetChosen();
    showChosen();
    onLook();
  });
  showChosen();
}

/** An empty field takes the server's default; one out of range says so and changes nothing. */
function keepNumber(name, field) {
  if (field.reportValidity()) keepWish(name, field.value === "" ? null : field.valueAsNumber);
}

function keepWish(name, value) {
  const request = { ...state.chosen.request };
  if (value === null) delete request[name];
  else request[name] = value;
  keepChosen({ request });
}

function showChosen() {
  const { chosen } = state;
  for (const name of LOOKS) {
    for (const button of find(`#${name}`).querySelectorAll("input")) button.checked = button.value === chosen[name];
  }
  for (const name of [...NUMBERS, "form"]) find(`#${name}`).value = chosen.request[name] ?? "";
  find("#key").value = chosen.key;
}

/** The server's values stand in the empty fields. */
export function showDefaults() {
  for (const name of NUMBERS) find(`#${name}`).placeholder = state.status?.settings?.[name] ?? "";
  find("#key-field").hidden = !state.status?.key_needed;
}

/** The look is set by attributes, which page.css knows. */
export function applyLook() {
  Object.assign(document.documentElement.dataset, { theme: state.chosen.theme, size: state.chosen.size });
}
