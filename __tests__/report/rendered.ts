import MarkdownIt, { type Token } from "markdown-it";

/** Untrusted words that Markdown, HTML or GitHub's own additions could interpret. */
export const HOSTILE = [
  "<b>no</b> <img src=x onerror=alert(1)> <!-- <script>",
  "*more* **more** _more_ ~~more~~ `words` ``words`` ```words",
  "[link](https://example.com) ![image](https://example.com/x.png) [ref]: https://example.com",
  "https://example.com www.example.com <https://example.com> mallory@example.com @mallory #1",
  "# heading",
  "~~~",
  "```",
  "> - * + 1. item",
  "| a | b |",
  "|---|---|",
  "&lt;b&gt; \\` \\| \\",
  "a\rb\u2028c\x1b[31md\x00e",
  "`",
  "    code",
  "---",
  "::error::no ##[error]no",
];

/** Types of all tokens that the text is rendered from, its HTML, and the text that is shown literally. */
export function renderMarkdown(markdown: string) {
  const types = new Set<string>();
  const links: string[] = [];
  const literals: string[] = [];
  const texts: string[] = [];
  const html: string[] = [];
  const walk = (tokens: readonly Token[]): void => {
    for (const token of tokens) {
      types.add(token.type);
      if (token.type === "link_open") links.push(String(token.attrGet("href")));
      if (token.type === "code_inline") literals.push(token.content);
      if (token.type === "text" && token.content !== "") texts.push(token.content);
      if (token.type === "html_block") html.push(token.content);
      walk(token.children ?? []);
    }
  };
  walk(new MarkdownIt({ html: true, linkify: true }).parse(markdown, {}));
  return { types, links, literals, texts, html };
}

/** The types of a text without any HTML. */
export const PLAIN = new Set(
  ["heading", "blockquote", "paragraph", "table", "thead", "tbody", "tr", "th", "td", "link"]
    .flatMap((name) => [`${name}_open`, `${name}_close`])
    .concat("inline", "text", "code_inline"),
);
