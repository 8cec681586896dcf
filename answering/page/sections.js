// An answer as sections: read from the text while it is written, and from the server's `answer` at its end.

export const NOTHING = "자료에 없음"; // what the template says in an empty section

const HEADINGS = {
  "요약:": "summary", "핵심요약:": "summary", "해야 할 일:": "todo", "준비물:": "prepare", "주의사항:": "caution",
  "연락처(공공정보):": "contacts", "상세 설명:": "details", "장점:": "merits", "단점:": "drawbacks", "추천대상:": "audience",
};
const OUTER_HEADING = "체크리스트:"; // of the three lists
const CONTACT = /^ {2}- (TEL|ADDR|WEB|KAKAO|EMAIL): (.*)$/;
const TYPES = { TEL: "phone", ADDR: "address", WEB: "web", KAKAO: "chat", EMAIL: "email" };
export const CHECKLISTS = ["todo", "prepare", "caution"];

/** The sections of a written answer, or of its beginning: [{key, lines: [{text, source, contact}]}]. */
export function readSections(written) {
  const sections = [];
  for (const line of written.split("\n")) {
    const key = HEADINGS[line.replace(/^- /, "")];
    if (key) sections.push({ key, lines: [] });
    else if (line.trim() && line !== OUTER_HEADING) addLine(sections, line);
  }
  return sections;
}

function addLine(sections, line) {
  if (!sections.length) sections.push({ key: "text", lines: [] }); // words of a free form, before any heading
  const section = sections.at(-1);
  const contact = section.key === "contacts" ? line.match(CONTACT) : null;
  if (contact) section.lines.push(contactLine(section, contact));
  else section.lines.push({ text: line.replace(/^ *- /, ""), source: null, contact: null });
}

function contactLine(section, [, label, value]) {
  const owner = section.lines.findLast((line) => !line.contact)?.text ?? "";
  const contact = { type: TYPES[label], value, href: null, owner, note: "" };
  return { text: value, source: null, contact };
}

/** The sections with something in them, and the keys of those without. A heading may still wait for its lines. */
export function splitEmpty(sections, isFinished) {
  const isEmpty = ({ lines }) => (lines.length || isFinished) && lines.every((line) => line.text === NOTHING);
  return {
    filled: sections.filter((section) => !isEmpty(section)),
    empty: sections.filter(isEmpty).map((section) => section.key),
  };
}

/** The contacts of a section by their owner: [{owner, lines}]. Lines without a contact only name an owner. */
export function groupContacts(lines) {
  const groups = [];
  for (const line of lines) {
    const owner = line.contact ? line.contact.owner : line.text;
    if (groups.at(-1)?.owner !== owner) groups.push({ owner, lines: [] });
    if (line.contact) groups.at(-1).lines.push(line);
  }
  return groups;
}

const LINKS = { phone: ["tel:"], email: ["mailto:"], web: ["https:", "http:"], address: ["geo:", "https:"], chat: ["https:"] };

/** Where a contact leads; "" for a link of another kind than its contact: history files may come from anywhere. */
export function linkOf({ type, value, href }) {
  if (type === "address" && !href) return `https://www.google.com/maps/search/?api=1&query=${encodeURIComponent(value)}`;
  try {
    return LINKS[type]?.includes(new URL(href).protocol) ? href : "";
  } catch {
    return "";
  }
}

/** An answer as plain text to share, with its sources. */
export function toPlainText(question, content, sources) {
  const origins = sources.map(({ title, file, line }) => `* ${title}${file ? ` (${file}, ${line})` : ""}`);
  return [question, content.trim(), origins.join("\n")].filter(Boolean).join("\n\n");
}
