import { type Ecr, type ImageSize, type Repository, repositoryOf } from "../aws/ecr.ts";
import type { Task } from "../aws/task.ts";
import { factsOf } from "../errors.ts";
import type { Log } from "../log.ts";

/** The image of a job's container. */
export interface PulledImage extends ImageSize {
  /** False when the task has further containers, whose images are not counted. */
  readonly isOnly: boolean;
}

/** The size, or why it isn't known. */
type Answer = ImageSize | string;

/**
 * The sizes of the images that the tasks of a run have pulled, which ECS does not tell. ECR is asked once for each image, in parallel with the
 * jobs; nothing waits for its answer. The size of an image outside ECR's private registries is not known.
 */
export class ImageSizes {
  readonly #ecr: Ecr;
  /** By the images' digests. */
  readonly #answers = new Map<string, Answer>();

  constructor(ecr: Ecr) {
    this.#ecr = ecr;
  }

  /** Asks ECR for the size of this container's image, once the image is pulled, unless ECR was asked already. */
  ask(task: Task, container: string): void {
    const image = pulledImage(task, container);
    if (image === undefined || this.#answers.has(image.digest)) return;
    const learn = (answer: Answer): void => void this.#answers.set(image.digest, answer);
    learn("ECR had not answered when the job ended.");
    this.#ecr.describeImageSize(image.repository, image.digest).then(
      (size) => learn(size ?? "ECR tells none."),
      (error: unknown) => learn(factsOf(error)),
    );
  }

  /** What is known of the image by now. When ECR was asked and the size is not known, a debug line says why. */
  pulled(task: Task, container: string, log: Pick<Log, "debug">): PulledImage | undefined {
    const image = pulledImage(task, container);
    const answer = image && this.#answers.get(image.digest);
    if (typeof answer === "object") return { ...answer, isOnly: task.containers.length === 1 };
    if (answer !== undefined) log.debug(`The size of the image is not known: ${answer}`);
    return undefined;
  }
}

/** Undefined while the image is not pulled, and when it is in no private registry of ECR. */
function pulledImage(
  { pullStoppedAt, containers }: Task,
  container: string,
): { readonly repository: Repository; readonly digest: string } | undefined {
  const { image = "", imageDigest: digest } = containers.find(({ name }) => name === container) ?? {};
  const repository = repositoryOf(image);
  if (pullStoppedAt === undefined || repository === undefined || digest === undefined) return undefined;
  return { repository, digest };
}
