import { minifySource, withEagerModules } from "../../scripts/bundle.ts";

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

describe("the modules of a bundle", () => {
  const bundle = 'var __webpack_modules__={1:(e,t)=>{t.a="é"},2:function(e){e.exports=1},3(e){}},x=()=>{};';

  it("are compiled with the file that they stand in, whatever letters stand before them", async () => {
    const [eager, again] = [await withEagerModules(bundle), await withEagerModules(bundle)];
    expect(eager).toBe(
      'var __webpack_modules__={1:((e,t)=>{t.a="é"}),2:(function(e){e.exports=1}),3(e){}},x=()=>{};',
    );
    expect(again).toBe(eager);
  });

  it.each(["export const id=1;", "var x={1:()=>{}};"])(
    "stay as they are in what is no bundle: %s",
    async (source) => {
      expect(await withEagerModules(source)).toBe(source);
    },
  );
});
