// What the pointer or the focus shows: the document and the line that a line of the answer comes from.

import { find } from "./dom.js";

const GAP = 6; // pixels between the line and what is shown

export function prepareWhere() {
  const turns = find("#turns");
  const show = (event) => showAt(event.target.closest("[data-where]"));
  turns.addEventListener("pointerover", show);
  turns.addEventListener("focusin", show);
  turns.addEventListener("pointerleave", hide);
  turns.addEventListener("focusout", hide);
  turns.addEventListener("click", show); // a tap
  addEventListener("scroll", hide, { passive: true });
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
}

function hide() {
  find("#where").hidden = true;
}

function showAt(line) {
  const shown = find("#where");
  shown.hidden = !line;
  if (!line) return;
  shown.textContent = line.dataset.where;
  const box = line.getBoundingClientRect();
  const { width, height } = shown.getBoundingClientRect();
  const fitsBelow = box.bottom + GAP + height < innerHeight;
  shown.style.left = `${Math.max(GAP, Math.min(box.left, document.documentElement.clientWidth - width - GAP))}px`;
  shown.style.top = `${fitsBelow ? box.bottom + GAP : box.top - GAP - height}px`;
}
