/** The content of an answer in XML. The items of a list are elements `member`, as in the query protocol. */
export type Xml = string | readonly Xml[] | { readonly [element: string]: Xml | undefined };

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
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
