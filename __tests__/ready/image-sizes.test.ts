import type { ImageSize } from "../../src/aws/ecr.ts";
import { ImageSizes } from "../../src/ready/image-sizes.ts";
import { Listener } from "../helpers/listener.ts";
import { aContainer, aTask } from "../helpers/tasks.ts";

const app = aContainer({
  image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1",
  imageDigest: "sha256:1",
});
const pulled = aTask({ pullStoppedAt: 1, containers: [app] });

/** The sizes when ECR gives this answer, and the images that it is asked for. */
function sizesFrom(answer: () => Promise<ImageSize | undefined>) {
  const asked: string[] = [];
  const imageSize = ({ repositoryName }: { repositoryName: string }, digest: string) => {
    asked.push(`${repositoryName} ${digest}`);
    return answer();
  };
  const log = new Listener();
  const images = new ImageSizes({ describeImageSize: imageSize });
  const known = async () => {
    await new Promise(setImmediate);
    return images.pulled(pulled, "app", log);
  };
  return { asked, images, log, known };
}
const found = () => Promise.resolve({ bytes: 126, isMost: false });

it("ECR is asked once for an image that several tasks have pulled", async () => {
  const { asked, images, log, known } = sizesFrom(found);
  images.ask({ ...pulled, pullStoppedAt: undefined }, "app");
  expect(asked).toEqual([]);
  for (const arn of ["1", "2"]) images.ask({ ...pulled, arn }, "app");
  expect(await known()).toEqual({ bytes: 126, isMost: false, isOnly: true });
  const beside = aContainer({ name: "sidecar", image: "example/sidecar:1", imageDigest: "sha256:2" });
  expect(images.pulled({ ...pulled, containers: [beside, app] }, "app", log)).toMatchObject({
    isOnly: false,
  });
  expect(asked).toEqual(["shop sha256:1"]);
  expect(log.debugLines).toEqual([]);
});

it("ECR is asked for no image of a public registry and for none without a digest, and no line says so", () => {
  const { asked, images, log } = sizesFrom(found);
  for (const other of [{ image: "public.ecr.aws/docker/library/python:3.13" }, { imageDigest: undefined }]) {
    const task = { ...pulled, containers: [{ ...app, ...other }] };
    images.ask(task, "app");
    expect(images.pulled(task, "app", log)).toBeUndefined();
  }
  expect([...asked, ...log.debugLines]).toEqual([]);
});

it.each([
  ["ECR refuses", () => Promise.reject(new Error("denied")), "denied"],
  ["ECR knows no size", () => Promise.resolve(undefined), "ECR tells none."],
  [
    "ECR has not answered when the job ends, since nothing waits for that",
    () => new Promise<undefined>(() => undefined),
    "ECR had not answered when the job ended.",
  ],
])(
  "the size is not known, a debug line says why, and ECR is not asked again, when %s",
  async (_, answer, why) => {
    const { asked, images, log, known } = sizesFrom(answer);
    images.ask(pulled, "app");
    expect(await known()).toBeUndefined();
    images.ask(pulled, "app");
    expect(log.debugLines).toEqual([`The size of the image is not known: ${why}`]);
    expect(asked).toHaveLength(1);
  },
);
