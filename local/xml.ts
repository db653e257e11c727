/** The content of an answer in XML. The items of a list are elements `member`, as in the query protocol. */
export type Xml = string | readonly Xml[] | { readonly [element: string]: Xml | undefined };

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The text that this content of an element stands for. Its only entities are those of XML itself and of characters. */
export function unescapeXml(content: string): string {
  return content.replaceAll(/&(\w+|#\d+|#x[0-9a-f]+);/gi, (all, name: string) => {
    const code = name.startsWith("#x") ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return name.startsWith("#") ? String.fromCodePoint(code) : (NAMED[name] ?? all);
  });
}

/** The content of an element. Members that are undefined are left out. */
export function xmlOf(value: Xml): string {
  if (typeof value === "string") return escapeXml(value);
  if (Array.isArray(value)) return (value as readonly Xml[]).map((one) => element("member", one)).join("");
  return Object.entries(value as Readonly<Record<string, Xml | undefined>>)
    .map(([name, one]) => (one === undefined ? "" : element(name, one)))
    .join("");
}

function element(name: string, value: Xml): string {
  return `<${name}>${xmlOf(value)}</${name}>`;
}
