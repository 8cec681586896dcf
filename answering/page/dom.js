// Elements. All text goes in as text nodes: nothing that a model or a document says can become HTML.

export const find = (selector, root = document) => root.querySelector(selector);

/** An element with attributes (`on…` are listeners, false and null are left out) and children (elements or text). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** One of the symbols in page.html. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Show an element with this text, or hide it where there is none. */
export function showText(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

let hideToast;

/** A short message at the edge of the window; screen readers speak it. */
export function toast(text) {
  const element = find("#toast");
  element.textContent = text;
  element.classList.add("shown");
  clearTimeout(hideToast);
  hideToast = setTimeout(() => element.classList.remove("shown"), 4000);
}

/** Say something to screen readers alone. */
export function announce(text) {
  find("#announce").textContent = text;
}

/** Copy to the clipboard. Browsers offer `navigator.clipboard` on HTTPS and this machine only, not in a home network. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = make("textarea", { class: "unseen" });
  field.value = text;
  (find("dialog:modal") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("the browser did not copy");
}

/** Hand the user a file. */
export function saveFile(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

const WIDE = matchMedia("(min-width: 64rem)");

/** Open a dialog: beside the page where there is room, otherwise over it. */
export function openDialog(dialog) {
  if (dialog.open) return;
  if (dialog.classList.contains("side") && WIDE.matches) dialog.show();
  else dialog.showModal();
}

/** Closing by button, by Escape and by a click beside the dialog; a side dialog changes with the width of the window. */
export function prepareDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    find(".close", dialog).addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && dialog.matches(":modal") && isOutside(dialog, event)) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !dialog.matches(":modal")) dialog.close();
    });
  }
  WIDE.addEventListener("change", () => {
    for (const dialog of document.querySelectorAll("dialog.side[open]")) dialog.close();
  });
}

function isOutside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

export const isWide = () => WIDE.matches;
