import { parseXML } from "@aws-sdk/xml-builder";
import { isRecord } from "../values.ts";

/** An XML element: its children by name. */
export type Xml = Readonly<Record<string, unknown>>;

/** The outermost element of an answer. Throws the parser's error when the text is not XML. */
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

/** The text of a child; undefined when it is absent, empty or has children of its own. */
export function textOf(parent: Xml, name: string): string | undefined {
  const text = parent[name];
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** The elements of this name that have children, at any depth but not within one another. */
export function elementsOf(parent: Xml, name: string): readonly Xml[] {
  return allOf(parent, name).filter(isRecord);
}

/** The texts of the elements of this name, at any depth. */
export function textsOf(parent: Xml, name: string): readonly string[] {
  return allOf(parent, name).filter((one): one is string => typeof one === "string" && one !== "");
}

function allOf(parent: Xml, name: string): readonly unknown[] {
  return Object.entries(parent).flatMap(([key, value]) => {
    const each: readonly unknown[] = Array.isArray(value) ? value : [value];
    return key === name ? each : each.filter(isRecord).flatMap((child) => allOf(child, name));
  });
}

function asXml(value: unknown): Xml {
  return isRecord(value) ? value : {};
}
