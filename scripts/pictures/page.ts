import MarkdownIt from "markdown-it";
import { ganttChart } from "./gantt.ts";

/** In pixels. GitHub shows a picture of a README this wide. */
export const WIDTH = 900;

export type Scheme = "light" | "dark";

const colours = {
  light: {
    page: "#ffffff",
    text: "#1f2328",
    faint: "#59636e",
    line: "#d1d9e0",
    box: "#f6f8fa",
    link: "#0969da",
    error: "#d1242f",
    warning: "#9a6700",
  },
  dark: {
    page: "#0d1117",
    text: "#f0f6fc",
    faint: "#9198a1",
    line: "#3d444d",
    box: "#151b23",
    link: "#4493f8",
    error: "#f85149",
    warning: "#d29922",
  },
} as const;

// As on GitHub, HTML works (the summary folds parts by it), and a Mermaid chart is drawn.
const markdown = new MarkdownIt({ html: true });
const escaped = (text: string): string => markdown.utils.escapeHtml(text);
const fence = markdown.renderer.rules["fence"];
markdown.renderer.rules["fence"] = (tokens, at, ...more) => {
  const { info = "", content = "" } = tokens[at] ?? {};
  return info === "mermaid" ? ganttChart(content, escaped) : (fence?.(tokens, at, ...more) ?? "");
};

/** The log of a step as GitHub's viewer shows it: groups are folded, lines are numbered. */
export function logPage(lines: readonly string[], scheme: Scheme): string {
  return page(`<div class="log">${[...rows(lines)].join("\n")}</div>`, scheme);
}

function* rows(lines: readonly string[]): Generator<string> {
  let folded = false;
  let number = 0;
  for (const line of lines) {
    number++;
    const [, command = "", text = line] = /^##\[(\w+)\](.*)$/.exec(line) ?? [];
    if (command === "endgroup") folded = false;
    else if (command === "group") {
      yield row(number, "", `▸ ${text}`);
      folded = true;
    } else if (!folded) {
      const title = { error: "Error: ", warning: "Warning: ", notice: "Notice: " }[command] ?? "";
      yield row(number, command, title + text);
    }
  }
}

const row = (number: number, kind: string, text: string): string =>
  `<div class="row ${kind}"><span class="number">${number}</span><span>${escaped(text)}</span></div>`;

/** The Markdown of a job summary as GitHub renders it. */
export function summaryPage(summary: string, scheme: Scheme): string {
  return page(`<div class="summary">${markdown.render(summary)}</div>`, scheme);
}

/** The HTML of a page. Its script sets the body's attribute `data-height` to the page's height. */
function page(body: string, scheme: Scheme): string {
  const c = colours[scheme];
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: ${c.page}; color: ${c.text}; font: 14px/1.5 "DejaVu Sans", sans-serif }
.log { background: ${c.box}; padding: 12px 0; font: 12px/20px "DejaVu Sans Mono", monospace }
.row { display: flex; padding: 0 16px 0 0 }
.row span:last-child { overflow-wrap: anywhere }
.number { flex: 0 0 40px; text-align: right; margin-right: 16px; color: ${c.faint} }
.error { color: ${c.error} } .warning { color: ${c.warning} }
.summary { padding: 8px 20px } a { color: ${c.link} } h3 { font-size: 20px }
table { border-collapse: collapse; margin: 16px 0 } td, th { border: 1px solid ${c.line}; padding: 6px 13px }
blockquote { margin: 0; padding: 0 16px; border-left: 4px solid ${c.line}; color: ${c.faint} }
code, pre { background: ${c.box}; padding: 2px 5px; border-radius: 6px; font: 12px "DejaVu Sans Mono", monospace }
.gantt { border: 1px solid ${c.line}; border-radius: 6px; padding: 12px; text-align: center }
.bar { display: flex; text-align: left; margin: 4px 0 } .bar span { flex: 0 0 180px } .bar div { flex: 1; background: ${c.box} }
.bar i { display: block; height: 20px; min-width: 1px; background: ${c.link} }
pre { padding: 12px; overflow-wrap: anywhere; white-space: pre-wrap }
</style><body>${body}<script>document.body.dataset.height = document.body.scrollHeight</script></body>`;
}
