import { type Announcement, findAnnouncement, LONGEST_MARK } from "./marks.ts";

/** Looks for the one announcement of a session, wherever the pieces are cut that it comes in. */
export class AnnouncementReader {
  #noise = "";
  #isFound = false;

  /** The announcement, once; undefined while it has not come, and for good after it. */
  read(bytes: Buffer): Announcement | undefined {
    if (this.#isFound) return undefined;
    this.#noise = (this.#noise + bytes.toString("latin1")).slice(-LONGEST_MARK);
    const announcement = findAnnouncement(this.#noise);
    if (announcement === undefined) return undefined;
    this.#isFound = true;
    this.#noise = "";
    return announcement;
  }
}
