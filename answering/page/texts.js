// Every text of the page, in Korean and in English.

const KOREAN = {
  skip: "질문 칸으로 건너뛰기",
  title: "내 글에 물어보기",
  welcome: "무엇이 궁금하세요?",
  welcomeText: "가지고 계신 글에서 찾아 정리해 드립니다. 답의 줄마다 어디서 나온 말인지 볼 수 있어요.",
  topics: "이런 것을 물어볼 수 있어요",
  conversation: "질문과 답",
  question: "질문",
  placeholder: "궁금한 것을 적어 주세요",
  placeholderDocument: "이 문서에서 궁금한 것을 적거나, 비워 두고 정리를 부탁하세요",
  ask: "묻기",
  speak: "말로 묻기",
  speakHelp: "말로 묻기 (소리를 글로 바꾸는 일은 브라우저가 합니다)",
  notHeard: "말을 알아듣지 못했습니다. 마이크를 쓸 수 있는지 확인해 주세요.",
  stop: "멈추기",
  newQuestion: "새 질문",
  close: "닫기",
  again: "다시 쓰기",
  retry: "다시 시도",
  edit: "질문 고치기",
  share: "공유",
  copy: "복사",
  copyOf: (what) => `${what} 복사`,
  copied: "복사했습니다",
  notCopied: "복사하지 못했습니다. 글을 길게 눌러 복사해 주세요.",
  print: "인쇄",
  summarizeDocument: "이 문서를 정리해 주세요",

  searching: "글에서 찾고 있어요…",
  writing: "답을 쓰고 있어요",
  stopped: "여기서 멈췄습니다.",
  finished: (sections) => `답이 나왔습니다. ${sections}`,
  failed: "답을 받지 못했습니다.",
  lineCount: (title, count) => `${title} ${count}줄`,
  missing: (titles) => `글에 없는 내용: ${titles.join(", ")}`,
  verified: "모든 줄과 연락처가 글에 있는 그대로인지 확인했습니다.",
  verifiedContacts: "연락처는 글에 있는 것만 실었습니다. 다른 문장은 모델이 쓴 것이니 확인해 보세요.",
  unverified: "모델이 쓴 글입니다. 사실과 다를 수 있으니 꼭 확인하세요.",
  sources: "찾은 글",
  given: "내 문서",
  fromLine: (title, line) => `${title} · ${line}째 줄`,
  openSource: (title, line) => `원문 보기: ${title}, ${line}째 줄`,
  sourceShort: "원문",
  offer: "딱 맞는 글이 없습니다. 혹시 이 글을 찾으셨나요?",
  offerNothing: "질문과 맞는 글을 찾지 못했습니다. 글에 나올 만한 낱말로 다시 물어보세요.",
  answerAnyway: "그래도 답 보기",
  progress: (done, all) => `${all}개 중 ${done}개 했어요`,

  weakMatch: "찾은 글에 질문의 낱말이 별로 없습니다. 다른 이야기일 수 있어요.",
  noDocument: "질문과 낱말이 겹치는 글이 없습니다.",
  partUsed: "문서가 길어서 질문에 가장 알맞은 부분으로 답했습니다.",
  firstPartUsed: "문서가 길어서 앞부분으로 답했습니다.",
  fewFit: (fit, found) => `찾은 글 ${found}개 가운데 ${fit}개로 답했습니다.`,

  summary: "요약", todo: "해야 할 일", prepare: "준비물", caution: "주의사항", contacts: "연락처", details: "상세 설명",
  merits: "장점", drawbacks: "단점", audience: "이런 분께", text: "답",
  phone: "전화", email: "이메일", web: "사이트", address: "주소", chat: "카카오톡",
  call: "전화 걸기", write: "메일 쓰기", open: "열기", map: "지도",

  documentText: "문서의 글",
  documentPlace: (file, line) => (file ? `${file}, ${Number(line).toLocaleString("ko")}째 줄부터` : ""),
  askThisDocument: "이 글에만 묻기",
  ownDocument: "내 문서로 묻기",
  ownText: "이 문서에서만 답을 찾습니다. 문서는 저장하지 않습니다.",
  paste: "여기에 붙여 넣기",
  pasted: "붙여 넣은 글",
  drop: "또는 파일을 이 창에 끌어다 놓으세요.",
  chooseFile: "파일 고르기",
  useDocument: "이 문서로 묻기",
  removeDocument: "이 문서 빼기",
  emptyDocument: "글을 붙여 넣거나 파일을 골라 주세요.",
  tooLarge: "파일이 너무 큽니다. 10MB까지 읽을 수 있어요.",

  history: "지난 질문",
  searchHistory: "지난 질문에서 찾기",
  noHistory: "아직 물어본 것이 없습니다.",
  nothingFound: "찾는 말이 들어 있는 질문이 없습니다.",
  historyOff: "이 서버는 지난 질문을 남기지 않습니다.",
  exportMarkdown: "글로 저장",
  backup: "백업",
  importHistory: "가져오기",
  imported: (count) => `${count}개를 가져왔습니다`,
  notImported: "이 페이지에서 백업한 파일이 아닙니다.",
  deleteAll: "모두 지우기",
  deleteAllSure: "지난 질문을 모두 지울까요? 되돌릴 수 없습니다.",
  deleteOne: (question) => `지우기: ${question}`,
  deleted: "지웠습니다",

  settings: "설정", screen: "화면", theme: "밝기", themeAuto: "기기와 같게", themeLight: "밝게", themeDark: "어둡게",
  size: "글자 크기", sizeNormal: "보통", sizeLarge: "크게", sizeLargest: "아주 크게",
  answering: "답하는 방식",
  answeringText: "그대로 두어도 됩니다. 비워 두면 기본값을 씁니다.",
  temperature: "다양함 (temperature)",
  temperatureHelp: "0이면 늘 같은 답이 나옵니다. 높이면 다양해지지만 믿기는 어려워집니다.",
  topP: "고를 확률 (top_p)", topK: "고를 개수 (top_k)", maxNewTokens: "최대 길이 (토큰)", seed: "시드 (seed)",
  form: "형식", formDefault: "기본값", formGuided: "정해진 형식", formFree: "모델에게 맡기기",
  key: "접속 열쇠 (API key)",
  reset: "처음으로 되돌리기",

  model: "답하는 모델",
  modelLine: (model) => `파라미터 ${short(model.parameters, "ko")} 개 · ${model.steps.toLocaleString("ko")}스텝${loss(model, " · 검증 손실 ")}`,
  trainingLine: (step, steps, left) => `학습 중 ${step.toLocaleString("ko")}/${steps.toLocaleString("ko")}${left ? ` · ${left} 남음` : ""}`,
  trainingText: "지금 학습이 진행되고 있습니다. 새로 저장된 모델은 다음 질문부터 답합니다.",
  minutes: (count) => `${count}분`, seconds: (count) => `${count}초`,
  facts: { name: "이름", parameters: "파라미터", steps: "학습한 스텝", validation_loss: "검증 손실", trained_at: "학습한 때", documents: "글에 든 문서" },
  lossUnit: "bits per byte, 낮을수록 좋음",
  lossChart: "학습하는 동안의 손실. 낮을수록 좋습니다.",

  offline: "서버와 연결되지 않습니다. serve.py가 켜져 있는지 확인해 주세요.",
  busy: (seconds) => `앞에 기다리는 질문이 많습니다. ${seconds}초 뒤에 다시 물어볼게요.`,
  stillBusy: "지금은 질문이 너무 많습니다. 잠시 뒤에 다시 시도해 주세요.",
  keyNeeded: "접속 열쇠가 필요합니다. 설정에 열쇠를 넣어 주세요.",
  tooLong: "질문이나 문서가 너무 깁니다.",
  documentGone: "이 글을 더는 찾을 수 없습니다. 글이 바뀐 것 같아요.",
  serverError: (message) => `답하지 못했습니다. ${message}`,
};

const ENGLISH = {
  skip: "Skip to the question",
  title: "Ask your own text",
  welcome: "What would you like to know?",
  welcomeText: "Answers are put together from your own text. Every line shows where it comes from.",
  topics: "You could ask",
  conversation: "Questions and answers",
  question: "Question",
  placeholder: "Ask a question",
  placeholderDocument: "Ask about this document, or leave this empty for a summary",
  ask: "Ask",
  speak: "Speak",
  speakHelp: "Speak (the browser turns speech into text)",
  notHeard: "Nothing was understood. Check that the microphone may be used.",
  stop: "Stop",
  newQuestion: "New question",
  close: "Close",
  again: "Write again",
  retry: "Try again",
  edit: "Edit the question",
  share: "Share",
  copy: "Copy",
  copyOf: (what) => `Copy ${what}`,
  copied: "Copied",
  notCopied: "The browser did not allow copying. Select the text and copy it.",
  print: "Print",
  summarizeDocument: "Summarize this document",

  searching: "Searching the text…",
  writing: "Writing the answer",
  stopped: "Stopped here.",
  finished: (sections) => `The answer is complete. ${sections}`,
  failed: "No answer came.",
  lineCount: (title, count) => `${title}: ${count}`,
  missing: (titles) => `Not in the text: ${titles.join(", ")}`,
  verified: "Every line and every contact was checked against the text.",
  verifiedContacts: "Contacts are those of the text. The model wrote the other sentences: check them.",
  unverified: "The model wrote this. It may be wrong: check it.",
  sources: "Found in",
  given: "Your document",
  fromLine: (title, line) => `${title} · line ${line}`,
  openSource: (title, line) => `Show the source: ${title}, line ${line}`,
  sourceShort: "Source",
  offer: "No document fits this question well. Did you mean one of these?",
  offerNothing: "No document fits this question. Try words that occur in your text.",
  answerAnyway: "Show the answer anyway",
  progress: (done, all) => `${done} of ${all} done`,

  weakMatch: "Few words of the question are in what was found. It may be about something else.",
  noDocument: "No document shares a word with the question.",
  partUsed: "The document is long; the answer uses the part that fits the question best.",
  firstPartUsed: "The document is long; the answer uses its first part.",
  fewFit: (fit, found) => `The answer uses ${fit} of ${found} documents that were found.`,

  summary: "Summary", todo: "To do", prepare: "To bring", caution: "To beware of", contacts: "Contacts", details: "Details",
  merits: "Merits", drawbacks: "Drawbacks", audience: "For whom", text: "Answer",
  phone: "Phone", email: "E-mail", web: "Website", address: "Address", chat: "KakaoTalk",
  call: "Call", write: "Write", open: "Open", map: "Map",

  documentText: "Text of the document",
  documentPlace: (file, line) => (file ? `${file}, from line ${Number(line).toLocaleString("en")}` : ""),
  askThisDocument: "Ask this document only",
  ownDocument: "Ask your own document",
  ownText: "The answer comes from this document alone. It is not stored.",
  paste: "Paste it here",
  pasted: "Pasted text",
  drop: "Or drop a file on this window.",
  chooseFile: "Choose a file",
  useDocument: "Ask this document",
  removeDocument: "Remove this document",
  emptyDocument: "Paste a text or choose a file.",
  tooLarge: "The file is too large. The limit is 10 MB.",

  history: "History",
  searchHistory: "Search the history",
  noHistory: "Nothing has been asked yet.",
  nothingFound: "No question or answer contains these words.",
  historyOff: "This server keeps no history.",
  exportMarkdown: "Export as Markdown",
  backup: "Back up",
  importHistory: "Import",
  imported: (count) => `${count} imported`,
  notImported: "This file is not a backup of this page.",
  deleteAll: "Delete all",
  deleteAllSure: "Delete the whole history? This cannot be undone.",
  deleteOne: (question) => `Delete: ${question}`,
  deleted: "Deleted",

  settings: "Settings", screen: "Screen", theme: "Appearance", themeAuto: "As the device", themeLight: "Light", themeDark: "Dark",
  size: "Text size", sizeNormal: "Normal", sizeLarge: "Large", sizeLargest: "Largest",
  answering: "Answers",
  answeringText: "Nothing here needs a change. An empty field takes the default.",
  temperature: "Temperature",
  temperatureHelp: "0 always gives the same answer. Higher is more varied and less reliable.",
  topP: "top_p", topK: "top_k", maxNewTokens: "Longest answer (tokens)", seed: "Seed",
  form: "Form", formDefault: "Default", formGuided: "Guided", formFree: "Free",
  key: "API key",
  reset: "Reset",

  model: "The model that answers",
  modelLine: (model) => `${short(model.parameters, "en")} parameters · ${model.steps.toLocaleString("en")} steps${loss(model, " · validation loss ")}`,
  trainingLine: (step, steps, left) => `training ${step.toLocaleString("en")}/${steps.toLocaleString("en")}${left ? ` · ${left} left` : ""}`,
  trainingText: "Training is running. A model that it saves answers from the next question on.",
  minutes: (count) => `${count} min`, seconds: (count) => `${count} s`,
  facts: { name: "Name", parameters: "Parameters", steps: "Steps", validation_loss: "Validation loss", trained_at: "Trained", documents: "Documents in the text" },
  lossUnit: "bits per byte, lower is better",
  lossChart: "The loss during training; lower is better.",

  offline: "The server does not answer. Check that serve.py is running.",
  busy: (seconds) => `Many questions are waiting. Asking again in ${seconds} s.`,
  stillBusy: "Too many questions are waiting. Try again in a moment.",
  keyNeeded: "An API key is needed. Enter it in the settings.",
  tooLong: "The question or the document is too long.",
  documentGone: "This document is no longer there. The text seems to have changed.",
  serverError: (message) => `No answer: ${message}`,
};

const LANGUAGES = { ko: KOREAN, en: ENGLISH };
export const names = { ko: Object.keys(KOREAN), en: Object.keys(ENGLISH) }; // compared by a test

let language = "ko";

/** The text of this name in the chosen language; texts with blanks are functions. */
export function text(name, ...blanks) {
  const found = LANGUAGES[language][name];
  return typeof found === "function" ? found(...blanks) : found;
}

export const currentLanguage = () => language;

/** Write all texts of page.html in this language. */
export function setLanguage(chosen) {
  language = chosen in LANGUAGES ? chosen : "ko";
  document.documentElement.lang = language;
  document.title = text("title");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const [name, attribute] of Object.entries({ placeholder: "placeholder", title: "title", label: "aria-label" })) {
    for (const element of document.querySelectorAll(`[data-${name}]`)) {
      element.setAttribute(attribute, text(element.dataset[name]));
    }
  }
}

/** The library's notes are English lines; Korean readers get those that are known in Korean. */
export function translateNote(note) {
  const fit = note.match(/\((\d+) of (\d+) documents fit/);
  if (fit) return text("fewFit", fit[1], fit[2]);
  if (note.startsWith("(weak match")) return text("weakMatch");
  if (note.startsWith("(no document")) return text("noDocument");
  if (note.includes("best part")) return text("partUsed");
  if (note.includes("first part")) return text("firstPartUsed");
  return note.replace(/^\((.*)\)$/s, "$1");
}

/** 5600000 -> 560만 or 5.6M. */
function short(number, locale) {
  return Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 2 }).format(number ?? 0);
}

/** The validation loss after these words, or "" for a model that was never evaluated. */
function loss({ validation_loss: value }, words) {
  return value == null ? "" : words + value.toFixed(2);
}

/** A day, or "" for something that is not a date. */
function date(value, locale) {
  const day = new Date(value);
  return Number.isNaN(day.valueOf()) ? "" : day.toLocaleDateString(locale, { year: "numeric", month: "long", day: "numeric" });
}

export const showDate = (value) => date(value, language);
