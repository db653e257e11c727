import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** What GitHub's Marketplace accepts. actionlint checks the icon, too. */
const LONGEST_DESCRIPTION = 125;
const COLOURS = ["white", "black", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark"];

interface Listed {
  readonly name: string;
  readonly description: string;
  readonly author: string;
  readonly branding: { readonly icon: string; readonly color: string };
}

const action = parse(readFileSync("action.yml", "utf8")) as Listed;

describe("action.yml, for the Marketplace", () => {
  it("has a description of one line that fits", () => {
    expect(action.description).toMatch(/^\S.*\.$/);
    expect(action.description.length).toBeLessThanOrEqual(LONGEST_DESCRIPTION);
  });

  it("has a name, an author, an icon and a colour", () => {
    expect([action.name, action.author, action.branding.icon]).not.toContain("");
    // A name of another form could be that of an account or a category, which the Marketplace refuses.
    expect(action.name).toMatch(/^[A-Z][A-Za-z ]+$/);
    expect(COLOURS).toContain(action.branding.color);
  });
});
