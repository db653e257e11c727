import { parseXML } from "@aws-sdk/xml-builder";
import { isRecord } from "../record.ts";

/** An element of an answer in XML, by the names of its children. */
export type Xml = Readonly<Record<string, unknown>>;

/** The answer's outermost element. Fails with the parser's own error for what is no XML. */
export function answerOf(xml: string): Xml {
  return asXml(Object.values(parseXML(xml) as object)[0]);
}

/** The children named `item` of the element `set`, as EC2 writes its lists. */
export function itemsOf(parent: Xml, set: string): readonly Xml[] {
  const { item = [] } = asXml(parent[set]);
  return (Array.isArray(item) ? item : [item]).map(asXml);
}

export function childOf(parent: Xml, name: string): Xml {
  return asXml(parent[name]);
}

/** The text of a child; undefined where it is absent, empty or has children of its own. */
export function textOf(parent: Xml, name: string): string | undefined {
  const text = parent[name];
  return typeof text === "string" && text !== "" ? text : undefined;
}

function asXml(value: unknown): Xml {
  return isRecord(value) ? value : {};
}
