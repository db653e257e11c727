import { imageNamed } from "../../../local/images/image.ts";

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

  it("of the caller have their files, and their own system or this machine's", () => {
    const images = {
      shop: { layer: "/layers/shop", workdir: "/srv/shop" },
      debian: { layer: "/layers/debian", own: "debian-sshd" },
    };
    expect(imageNamed("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1", images)).toMatchObject({
      ...{ layer: "/layers/shop", workdir: "/srv/shop", command: ["/bin/sh"] },
      env: { PATH: expect.stringMatching(/^[^:]*\.venv\/bin:/) as string },
    });
    expect(imageNamed("public.ecr.aws/docker/library/debian:13", images)).toMatchObject({
      ...{ layer: "/layers/debian", own: "debian-sshd", workdir: "/" },
      env: { PATH: expect.not.stringContaining(".venv") as string },
    });
    expect(imageNamed("shop/web", images)).not.toHaveProperty("layer");
  });
});
