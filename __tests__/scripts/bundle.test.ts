import { minifySource } from "../../scripts/bundle.ts";

it.each(["??=", "||=", "&&="])(
  "a value that was read before '%s' changes its variable stays as it was",
  async (operator) => {
    const source = `
    export function labels(words) {
      let before = "${operator === "&&=" ? "none" : ""}" || undefined;
      return words.map((word) => {
        const label = { word, before };
        if (word !== "") before ${operator} word;
        return label;
      });
    }`;
    const url = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
    const [plain, minified] = (await Promise.all([
      import(url(source)),
      import(url(await minifySource(source))),
    ])) as { readonly labels: (words: readonly string[]) => unknown }[];
    expect(minified?.labels(["a", "b"])).toEqual(plain?.labels(["a", "b"]));
  },
);
