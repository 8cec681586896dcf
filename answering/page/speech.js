// A spoken question, where the browser can listen. The words go into the field: the user reads them before asking.

import { find, toast } from "./dom.js";
import { currentLanguage, text } from "./texts.js";

const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;

let listening = null;

export function prepareSpeech() {
  const button = find("#speak");
  button.hidden = !Recognition;
  button.addEventListener("click", () => (listening ? listening.stop() : listen(button)));
}

function listen(button) {
  const field = find("#question");
  const before = field.value.trim();
  listening = new Recognition();
  Object.assign(listening, { lang: { ko: "ko-KR", en: "en-US" }[currentLanguage()], interimResults: true });
  listening.onresult = ({ results }) => {
    const heard = [...results].map(([best]) => best.transcript).join("");
    field.value = [before, heard.trim()].filter(Boolean).join(" ");
  };
  listening.onerror = ({ error }) => error !== "aborted" && toast(text("notHeard"));
  listening.onend = () => {
    listening = null;
    showListening(button, false);
    field.focus();
  };
  listening.start();
  showListening(button, true);
}

function showListening(button, isOn) {
  button.classList.toggle("listening", isOn);
  button.setAttribute("aria-pressed", String(isOn));
}
