import { imageNamed } from "../../../local/task/images.ts";

describe("images", () => {
  it.each(["python", "python:3.13", "docker.io/library/python:3.13-slim", "localhost:5000/python@sha256:0a"])(
    "%s runs python3, with boto3's interpreter first on the path",
    (name) => {
      const image = imageNamed(name);
      expect(image?.command).toEqual(["python3"]);
      expect(image?.env["PATH"]).toMatch(/^[^:]*\.venv\/bin:/);
    },
  );

  it.each(["busybox", "example/app:missing"])("%s runs a shell", (name) => {
    expect(imageNamed(name)?.command).toEqual(["/bin/sh"]);
  });

  it.each(["missing", "example/missing:1"])("%s does not exist", (name) => {
    expect(imageNamed(name)).toBeUndefined();
  });
});
