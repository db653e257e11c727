import type { ImageSize } from "../../src/aws/ecr.ts";
import { ImageSizes } from "../../src/ready/image-sizes.ts";
import { Listener } from "../helpers/listener.ts";
import { aContainer, aTask } from "../helpers/tasks.ts";

const app = aContainer({
  image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1",
  imageDigest: "sha256:1",
});
const pulled = aTask({ pullStoppedAt: 1, containers: [app] });

/** The sizes, when ECR answers so. */
function sizes(answer: () => Promise<ImageSize | undefined>) {
  const asked: string[] = [];
  const imageSize = ({ repositoryName }: { repositoryName: string }, digest: string) => {
    asked.push(`${repositoryName} ${digest}`);
    return answer();
  };
  const log = new Listener();
  const images = new ImageSizes({ imageSize });
  const known = async () => {
    await new Promise(setImmediate);
    return images.pulled(pulled, "app", log);
  };
  return { asked, images, log, known };
}
const found = () => Promise.resolve({ bytes: 126, isMost: false });

it("asks once for an image that several tasks have pulled", async () => {
  const { asked, images, log, known } = sizes(found);
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

it("asks for no image of a public registry, nor for one without a digest, and says nothing of them", () => {
  const { asked, images, log } = sizes(found);
  for (const other of [{ image: "public.ecr.aws/docker/library/python:3.13" }, { imageDigest: undefined }]) {
    const task = { ...pulled, containers: [{ ...app, ...other }] };
    images.ask(task, "app");
    expect(images.pulled(task, "app", log)).toBeUndefined();
  }
  expect([...asked, ...log.debugLines]).toEqual([]);
});

it.each([
  ["ECR refuses", () => Promise.reject(new Error("denied")), "Error: denied"],
  ["ECR tells none", () => Promise.resolve(undefined), "ECR tells none."],
  [
    "ECR has not answered, for which nothing waits",
    () => new Promise<undefined>(() => undefined),
    "ECR had not answered when the job ended.",
  ],
])("a debug line says that %s, and it is not asked again", async (_, answer, why) => {
  const { asked, images, log, known } = sizes(answer);
  images.ask(pulled, "app");
  expect(await known()).toBeUndefined();
  images.ask(pulled, "app");
  expect(log.debugLines).toEqual([`The size of the image is not known: ${why}`]);
  expect(asked).toHaveLength(1);
});
