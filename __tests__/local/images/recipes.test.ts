import { rootDirectory } from "../../../local/images/cache.ts";
import { recipeOf, recipes } from "../../../local/images/recipes.ts";
import { whyNoImages } from "../../../local/images/root.ts";

describe("recipeOf", () => {
  it.each(["busybox", "busybox:latest"])("%s is the whole image", (image) => {
    expect(recipeOf(image)).toBe(recipes["busybox"]);
  });

  it.each([
    ["busybox:without-stty", ["stty"]],
    ["busybox:without-awk-base64", ["awk", "base64"]],
  ])("%s is the image less %j", (image, without) => {
    expect(recipeOf(image)).toEqual({ from: "busybox", without });
  });

  it.each(["toString", "nothing", "busybox:1.36", "busybox:without-", "busybox-static:without-awk"])(
    "there is no %s",
    (image) => {
      expect(recipeOf(image)).toBeUndefined();
    },
  );
});

describe("no name of an image leads to a path of this machine", () => {
  it.each([
    ...[
      "busybox:without-../../../etc/hosts",
      "busybox:without-..",
      "busybox:without-awk-../x",
      "busybox/../x",
    ],
    ...[
      "busybox:latest:/../../x",
      "busybox:latest/../x",
      "busybox:without-awk:/../x",
      "../busybox",
      "busybox\n",
    ],
  ])("%j", (image) => {
    expect(recipeOf(image)).toBeUndefined();
    expect(() => rootDirectory(image)).toThrow("There is no recipe");
  });
});

describe("rootDirectory", () => {
  it("is the same with and without `:latest`, and differs for each image", () => {
    expect(rootDirectory("busybox:latest")).toBe(rootDirectory("busybox"));
    const all = [...Object.keys(recipes), "busybox:without-awk", "busybox:without-stty", "init"];
    expect(new Set(all.map(rootDirectory)).size).toBe(all.length);
  });
});

describe("whyNoImages", () => {
  const path = process.env["PATH"];
  afterEach(() => {
    process.env["PATH"] = path;
  });

  it("names what is missing when there is no apt", () => {
    process.env["PATH"] = "/nonexistent";
    expect(whyNoImages()).toMatch(/debian-python-boto3.*this machine has no apt-get, dpkg-deb/);
  });
});
