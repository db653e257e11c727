import {
  LONGEST_VALUE,
  MOST_ATTRIBUTES,
  MOST_DEPTH,
  readXml,
  type XmlProblem,
} from "../../../src/report/junit/xml.ts";

/** Reads a document. Returns its events in short: `<name a=b>`, the text, `>`. */
async function readEvents(
  document: AsyncIterable<Uint8Array>,
): Promise<{ readonly problem: XmlProblem | undefined; readonly text: string }> {
  let text = "";
  const problem = await readXml(document, {
    open: (name, attributes) => {
      text += `<${[name, ...[...attributes].map((one) => one.join("="))].join(" ")}>`;
    },
    text: (part) => {
      text += part;
    },
    close: () => {
      text += ">";
    },
  });
  return { problem, text };
}

/** An endless document in parts of 64 KiB: `start`, then `again` over and over. `parts` returns how many parts were asked for. */
function endless(start: string, again: string): { document: AsyncIterable<Uint8Array>; parts: () => number } {
  let parts = 0;
  const part = Buffer.from(again.repeat(Math.ceil((64 * 1024) / again.length)));
  const document = (async function* () {
    yield await Promise.resolve(Buffer.from(start));
    for (;;) {
      parts += 1;
      yield part;
    }
  })();
  return { document, parts: () => parts };
}

async function* inParts(text: string, size: number): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const whole = (text: string): AsyncIterable<Uint8Array> => inParts(text, text.length * 4 + 1);

it.each([
  ["<a b='1' c=\"2\"><d/>x &lt;y&gt; &amp; &#x41;&#66;</a>", "<a b=1 c=2><d>>x <y> & AB>"],
  ["<a><![CDATA[<b> & ]]]]><![CDATA[>]]></a>", "<a><b> & ]]>>"],
  ["<a>]]></a>", "<a>]]>>"],
  ["<a><![CDATA[]]></a>", "<a>>"],
  ["<a><![CDATA[]]]]]></a>", "<a>]]]>"],
  ["<?xml version='1.0'?><!-- <x> --><a><!----></a><!-- -->", "<a>>"],
  ["<x:a xmlns:x='u' x:b='1'/>", "<a x=u b=1>>"],
  ["<a>&#27;[31m&#0;&#xFFFFFFFF;</a>", "<a>&#27;[31m&#0;&#xFFFFFFFF;>"],
  ["<a b='\0'>\0</a>", "<a b=\0>\0>"],
  ["<a __proto__='1' constructor='2'/>", "<a __proto__=1 constructor=2>>"],
])("reads %j, whatever parts it comes in", async (document, text) => {
  for (const size of [1, 2, 3, 7, 1000])
    expect(await readEvents(inParts(document, size))).toEqual({ problem: undefined, text });
});

const DTD = "it has a document type or another declaration, which no report needs";

it.each([
  ["a billion laughs", '<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;&c;</a>', DTD],
  ["a file of the runner", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', DTD],
  ["a document type of another host", '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', DTD],
  ["a document type without a definition", "<!doctype html><a/>", DTD],
  ["a declaration outside a document type", "<a><!ENTITY b 'c'>&b;</a>", DTD],
  ["an entity that nothing declares", "<a>&b;</a>", "Invalid character entity"],
  ["an entity of HTML in an attribute", "<a b='&nbsp;'/>", "Invalid character entity"],
  ["100,000 open elements", "<a>".repeat(100_000), `more than ${MOST_DEPTH} elements are open`],
  [
    "100,000 attributes",
    `<a ${Array.from({ length: 100_000 }, (_, i) => `b${i}=""`).join(" ")}/>`,
    `an element has more than ${MOST_ATTRIBUTES} attributes`,
  ],
  ["an attribute name that breaks the parser", "<a hasOwnProperty='1' b='2'/>", "is not a function"],
])("refuses %s", async (_, document, what) => {
  const { problem, text } = await readEvents(whole(document));
  expect(problem?.what).toContain(what);
  expect(text).not.toContain("lol");
  expect(text.length).toBeLessThan(MOST_DEPTH * 4);
});

it.each([
  ["a value", "<a b='", "x"],
  ["a name", "<", "x"],
  ["the name of an attribute", "<a ", "x"],
  ["a comment", "<a><!--", "x"],
  ["an instruction", "<a><?x ", "x"],
  ["a declaration", "<a><!", "x"],
  ["a document type", "<!DOCTYPE ", "x"],
  ["a reference", "<a>&#", "0"],
  ["the reference of a value", "<a b='&#", "0"],
])("stops at %s without an end before a MiB of it was read", async (_, start, again) => {
  const { document, parts } = endless(start, again);
  expect((await readEvents(document)).problem).toBeDefined();
  expect(parts()).toBeLessThanOrEqual((4 * LONGEST_VALUE) / (64 * 1024));
});

it("passes a long text on in parts, and stops at the file's limit", async () => {
  const { document } = endless("<a>", "x".repeat(1000));
  let longest = 0;
  const text = (part: string): void => {
    longest = Math.max(longest, part.length);
  };
  const handler = { open: () => undefined, text, close: () => undefined };
  const problem = await readXml(document, handler, 4 * 1024 * 1024);
  expect(problem?.what).toBe("it has more than 4 MiB");
  expect(longest).toBeLessThanOrEqual(LONGEST_VALUE + 64 * 1024);
});

it("says what could not be read", async () => {
  const document = (async function* () {
    yield await Promise.resolve(Buffer.from("<a>\n  <b/>"));
    throw new Error("EIO: i/o error, read\nsecond line");
  })();
  expect(await readEvents(document)).toEqual({
    problem: { what: "EIO: i/o error, read", line: 2, column: 6 },
    text: "<a>\n  <b>>",
  });
});
