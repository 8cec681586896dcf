// The model that answers: its size, its training, and a training that runs now.

import { find, make, openDialog, showText } from "./dom.js";
import { readLossChart } from "./server.js";
import { state } from "./state.js";
import { currentLanguage, showDate, text } from "./texts.js";

export function prepareModel() {
  find("#open-model").addEventListener("click", () => {
    showFacts();
    openDialog(find("#model"));
    showLoss();
  });
}

/** The line below the question. */
export function showModel() {
  const { model, training } = state.status ?? {};
  const bar = find("#training");
  bar.hidden = !training;
  if (training) bar.value = training.step / training.steps;
  const line = [model?.parameters && text("modelLine", model), training && trainingLine(training)];
  find("#open-model").textContent = line.filter(Boolean).join(" · ");
  bar.setAttribute("aria-label", training ? trainingLine(training) : "");
  if (find("#model").open) showFacts();
}

function trainingLine({ step, steps, seconds_left: left }) {
  const time = left == null ? "" : left < 90 ? text("seconds", Math.round(left)) : text("minutes", Math.round(left / 60));
  return text("trainingLine", step, steps, time);
}

function showFacts() {
  const { model = {}, training, documents } = state.status ?? {};
  showText(find("#model-training"), training ? `${trainingLine(training)}. ${text("trainingText")}` : "");
  const number = (value) => value?.toLocaleString(currentLanguage());
  const values = {
    name: model.name,
    parameters: number(model.parameters),
    steps: number(model.steps),
    validation_loss: model.validation_loss && `${model.validation_loss.toFixed(4)} ${text("lossUnit")}`,
    trained_at: showDate(model.trained_at),
    documents: number(documents),
  };
  const known = Object.entries(values).filter(([, value]) => value);
  const names = text("facts");
  find("#model-facts").replaceChildren(...known.flatMap(([name, value]) => [make("dt", {}, names[name]), make("dd", {}, value)]));
}

/** The chart as an image, in which no script can run. It is fetched here, because an image sends no key. */
async function showLoss() {
  const chart = await readLossChart().catch(() => "");
  const image = find("#model-loss img");
  find("#model-loss").hidden = !chart;
  if (chart) Object.assign(image, { src: `data:image/svg+xml,${encodeURIComponent(chart)}`, alt: text("lossChart") });
}
