import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, normalize } from "node:path";
import MarkdownIt, { type Token } from "markdown-it";

/** The pages of this repository, and addresses on GitHub that lead to them. */
const REPOSITORY = "https://github.com/org/fargate-exec/blob/main/";
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"])
  .toString()
  .split("\n");
const pages = tracked.filter(
  (path) => path.endsWith(".md") && existsSync(path) && !path.startsWith("__tests__/golden/"),
);
// Forms and workflows link to pages, too.
const others = tracked.filter(
  (path) => /^(\.github|examples)\/.*\.ya?ml$/.test(path) || path === "action.yml",
);

/**
 * The addresses that lead out of this repository. Tests have no network, so none is fetched: whether a page is still there is not
 * known here. Each has to be of a host and a form that is known to be answered without a redirect.
 */
const OUTSIDE: readonly RegExp[] = [
  // A repository by its name alone. GitHub redirects an address that ends in `.git` or a slash.
  /^https:\/\/github\.com\/[\w-]+\/(?![\w.-]*\.git$)[\w.-]+$/,
  /^https:\/\/github\.com\/org\/fargate-exec\/security\/advisories\/new$/,
  // A page of AWS's guides. AWS redirects from a guide without a page, and from ECS's former user guide.
  /^https:\/\/docs\.aws\.amazon\.com\/AmazonECS\/latest\/(developerguide|APIReference)\/[\w-]+\.html$/,
  /^https:\/\/docs\.aws\.amazon\.com\/(codebuild|systems-manager)\/latest\/userguide\/[\w-]+\.html$/,
  /^https:\/\/docs\.aws\.amazon\.com\/cli\/latest\/reference(\/[\w-]+)+\.html$/,
];

const markdown = new MarkdownIt({ html: true });

function tokens(path: string): readonly Token[] {
  return markdown
    .parse(readFileSync(path, "utf8"), {})
    .flatMap((token) => [token, ...(token.children ?? [])]);
}

/** The addresses of a page's links and pictures. */
function links(path: string): readonly string[] {
  return tokens(path).flatMap((token) => {
    const written = token.attrGet("href") ?? token.attrGet("src");
    const html = token.type.startsWith("html")
      ? token.content.matchAll(/(?:href|src|srcset)="([^"]+)"/g)
      : [];
    return [...(written === null ? [] : [String(written)]), ...[...html].map(([, address = ""]) => address)];
  });
}

/** The anchors that GitHub gives the headings of a page. */
function anchors(path: string): ReadonlySet<string> {
  const all = tokens(path);
  const titles = all.flatMap(({ type }, at) => (type === "heading_open" ? [all[at + 1]] : []));
  const found = new Set<string>();
  for (const title of titles) {
    const text = (title?.children ?? []).map(({ content }) => content).join("");
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
      .replaceAll(" ", "-");
    for (let again = 0; ; again += 1) {
      const anchor = again === 0 ? slug : `${slug}-${again}`;
      if (found.has(anchor)) continue;
      found.add(anchor);
      break;
    }
  }
  return found;
}

/** What is wrong with a link of a page; undefined for a good one. */
function flaw(page: string, link: string): string | undefined {
  const address = link.startsWith(REPOSITORY) ? `/${link.slice(REPOSITORY.length)}` : link;
  if (address.startsWith("https:"))
    return OUTSIDE.some((form) => form.test(address)) ? undefined : `${link} is of no known form`;
  if (/^\w+:/.test(address)) return `${link} is no https address`;
  const [path = "", anchor] = decodeURI(address).split("#");
  const target =
    path === "" ? page : normalize(path.startsWith("/") ? path.slice(1) : `${dirname(page)}/${path}`);
  if (!existsSync(target)) return `${link}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  return anchors(target).has(anchor) ? undefined : `${link}: ${target} has no such heading`;
}

it.each(pages)("every link of %s leads somewhere, or out in a known form", (page) => {
  expect(links(page).flatMap((link) => flaw(page, link) ?? [])).toEqual([]);
});

it.each(others)("every address of this repository in %s leads somewhere", (file) => {
  const named =
    readFileSync(file, "utf8").match(/https:\/\/github\.com\/org\/fargate-exec\/blob\/[^\s)"']+/g) ?? [];
  expect(named.flatMap((link) => flaw(file, link) ?? [])).toEqual([]);
});

it.each(pages)("each row of a table of %s has as many cells as its head", (page) => {
  const lines = readFileSync(page, "utf8").split("\n");
  const cells = (line: string | undefined): number => (line ?? "").split(/(?<!\\)\|/).length;
  let head = 0;
  const wrong = lines.filter((line, at) => {
    if (!line.startsWith("|")) head = 0;
    else if (head === 0) head = cells(lines[at]);
    return head !== 0 && cells(line) !== head;
  });
  expect(wrong).toEqual([]);
});

it("each function that the story of a run names behind a file is in that file", () => {
  const page = readFileSync("docs/a-run.md", "utf8").replace(/\s+/g, " ");
  const named = [
    ...page.matchAll(
      /`([\w/.-]+\.(?:ts|sh|py|awk))`((?:(?: \(|,? )`#?(?![\w.]+\.(?:ts|sh|py|awk)`)[\w.]+`)+)/g,
    ),
  ].flatMap(([, file = "", names = ""]) =>
    [...names.matchAll(/`#?([\w.]+)`/g)].map(([, name = ""]) => [file, name] as const),
  );
  const isThere = ([file, name]: readonly [string, string]): boolean => {
    const paths = tracked.filter((path) => path.startsWith("src/") && path.endsWith(`/${file}`));
    const [path, ...others] = paths.filter((each) => !file.includes("/") || each === `src/${file}`);
    if (path === undefined || others.length > 0) return false;
    const text = readFileSync(path, "utf8");
    return name.split(".").every((word) => new RegExp(`\\b${word}\\b`).test(text));
  };
  expect(named.length).toBeGreaterThan(35);
  expect(named.filter((each) => !isThere(each))).toEqual([]);
});

it("every page that an annotation names is there, with its heading", () => {
  const sources = tracked.filter((path) => /^src\/.*\.ts$/.test(path) && existsSync(path));
  const named = sources.flatMap(
    (path) => readFileSync(path, "utf8").match(/(?<=")[\w/-]+\.md(#[\w-]+)?(?=")/g) ?? [],
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.flatMap((page) => flaw("docs/index", page) ?? [])).toEqual([]);
});

it.each([
  ["docs/nowhere.md", "there is no docs/nowhere.md"],
  ["#no-such-heading", "README.md has no such heading"],
  [`${REPOSITORY}docs/errors.md#no-such-code`, "docs/errors.md has no such heading"],
  ["http://example.com/", "is no https address"],
  ["https://example.com/", "is of no known form"],
  ["https://github.com/nektos/act.git", "is of no known form"],
  ["https://github.com/nektos/act/", "is of no known form"],
  ["https://docs.aws.amazon.com/AmazonECS/latest/userguide/ecs-exec.html", "is of no known form"],
])("a bad link to %s is reported", (link, why) => {
  expect(flaw("README.md", link)).toContain(why);
});

it("the README and the page for maintainers lead to every page of docs/, of which there are at most twenty-one", () => {
  const listed = ["README.md", "CONTRIBUTING.md"]
    .flatMap(links)
    .map((link) => normalize(link.split("#")[0] ?? ""));
  const there = pages.filter((path) => existsSync(path) && /^docs\/(\w+\/README|[\w-]+)\.md$/.test(path));
  expect(there.filter((path) => !listed.includes(path))).toEqual([]);
  expect(there.filter((path) => path !== "docs/adr/README.md").length).toBeLessThanOrEqual(21);
});

it("this repository has one name", () => {
  const named = tracked
    .filter((path) => /\.(md|ya?ml|ts)$/.test(path) && existsSync(path))
    .flatMap(
      (path) =>
        readFileSync(path, "utf8").match(/[\w.-]+\/fargate-exec(?=@v|\/(?:blob|security|issues)|\.git)/g) ??
        [],
    );
  expect([...new Set(named)]).toEqual(["org/fargate-exec"]);
});

it("there are links to check, with anchors and without", () => {
  const all = pages.flatMap(links);
  expect(all.filter((link) => link.includes("#")).length).toBeGreaterThan(10);
  expect(all.length).toBeGreaterThan(60);
});
