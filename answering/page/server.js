// The requests of the page to serve.py: JSON there and back, an answer as a stream of events.

import { state } from "./state.js";
import { text } from "./texts.js";

const MODEL = "korean-gpt"; // the server has one model, whatever the name

/** What the server refused, in words for the user. */
export class Refusal extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    Object.assign(this, { status, retryAfter });
  }
}

async function request(path, { method = "GET", body, signal } = {}) {
  const headers = {};
  if (state.chosen.key) headers.Authorization = `Bearer ${state.chosen.key}`;
  if (body && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  let reply;
  try {
    reply = await fetch(path, { method, headers, body, signal, cache: "no-store" });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refusal(0, text("offline"));
  }
  if (!reply.ok) throw await readRefusal(reply);
  return reply;
}

async function readRefusal(reply) {
  const { error } = await reply.json().catch(() => ({}));
  const known = { 401: "keyNeeded", 413: "tooLong", 429: "stillBusy" }[reply.status];
  const message = known ? text(known) : text("serverError", error?.message ?? reply.statusText);
  return new Refusal(reply.status, message, Number(reply.headers.get("Retry-After")) || 1);
}

async function json(path, options) {
  return (await request(path, options)).json();
}

export const readStatus = () => json("/v1/status");
export const readLossChart = async () => (await request("/loss.svg")).text();
export const readDocument = (id) => json(`/v1/documents/${encodeURIComponent(id)}`);
export const readHistory = async (words) =>
  (await json(`/v1/history${words ? `?search=${encodeURIComponent(words)}` : ""}`)).entries;
export const readHistoryAsMarkdown = async () => (await request("/v1/history.md")).text();
export const addToHistory = (entry) => json("/v1/history", { method: "POST", body: entry });
export const importHistory = async (entries) => (await json("/v1/history/import", { method: "POST", body: { entries } })).added;
export const deleteHistory = (id) => request(`/v1/history${id ? `/${encodeURIComponent(id)}` : ""}`, { method: "DELETE" });

/** A file, or {name, text}, as step 01 reads it: {name, title, lines}. */
export function readOwnDocument(source) {
  if (!(source instanceof File)) return json("/v1/documents", { method: "POST", body: source });
  const body = new FormData();
  body.append("file", source, source.name);
  return json("/v1/documents", { method: "POST", body });
}

/**
 * Ask. `onText` gets each piece of the answer; `onAnswer` gets what the server knows about it: at first the documents
 * that were found, with the last piece also the sections. A full queue is waited for once; `onWait` gets the seconds.
 */
export async function ask(wanted, { signal, onText, onAnswer, onWait }) {
  const { question, ...fields } = wanted;
  const body = { model: MODEL, stream: true, messages: [{ role: "user", content: question }], ...fields };
  const send = () => request("/v1/chat/completions", { method: "POST", body, signal });
  const reply = await send().catch(async (refusal) => {
    if (refusal.status !== 429) throw refusal;
    onWait(refusal.retryAfter);
    await pause(refusal.retryAfter, signal);
    return send();
  });
  for await (const event of eventsOf(reply.body)) {
    if (event.error) throw new Refusal(500, text("serverError", event.error.message));
    const piece = event.choices?.[0]?.delta?.content;
    if (piece) onText(piece);
    if (event.answer) onAnswer(event.answer);
  }
}

/** The JSON of each `data:` line of a stream, up to [DONE]. */
async function* eventsOf(stream) {
  let rest = "";
  for await (const piece of piecesOf(stream.pipeThrough(new TextDecoderStream()))) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "data: [DONE]") return;
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
    }
  }
  throw new Refusal(0, text("offline")); // the server went away in the middle
}

/** Streams cannot be iterated in every browser yet. */
async function* piecesOf(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
