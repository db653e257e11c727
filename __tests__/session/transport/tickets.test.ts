import type { SessionTicket } from "../../../src/aws/ecs.ts";
import { AccessDenied } from "../../../src/errors.ts";
import { Tickets } from "../../../src/session/transport/tickets.ts";
import { Listener } from "../../helpers/listener.ts";

const first: SessionTicket = { sessionId: "s-1", streamUrl: "wss://a", token: "old" };
const renewed: SessionTicket = { sessionId: "s-1", streamUrl: "wss://b", token: "new" };

function ticketsOf(resume?: () => Promise<SessionTicket | undefined>, wrong?: string) {
  const log = new Listener();
  const wrongUrl = () => wrong;
  return { log, tickets: new Tickets({ first, region: "eu-west-1", log, resume, wrongUrl }) };
}

/** The ways back after a cut, in order: token and URL of each. */
async function ways(tickets: Tickets, count: number): Promise<string[]> {
  tickets.restart();
  await tickets.renew();
  return Array.from({ length: count }, () => {
    const way = tickets.take();
    return way.kind === "gone" ? "gone" : `${way.ticket.token} ${way.ticket.streamUrl}`;
  });
}

it("tries a new token with its own URL, then with the old one, then the old token", async () => {
  const { tickets } = ticketsOf(() => Promise.resolve(renewed));
  expect(await ways(tickets, 3)).toEqual(["new wss://b", "new wss://a", "old wss://a"]);
});

it("asks for another token at each cut", async () => {
  const tokens = ["first", "second"];
  const { tickets } = ticketsOf(() => Promise.resolve({ ...renewed, token: tokens.shift() ?? "" }));
  expect(await ways(tickets, 1)).toEqual(["first wss://b"]);
  tickets.keep({ ...renewed, token: "first" });
  expect(await ways(tickets, 2)).toEqual(["second wss://b", "first wss://b"]);
});

it("does not use a new URL that leads elsewhere, and says so", async () => {
  const { tickets, log } = ticketsOf(() => Promise.resolve(renewed), "it leads elsewhere");
  expect(await ways(tickets, 2)).toEqual(["new wss://a", "old wss://a"]);
  expect(log.lines).toEqual(["The new URL of session 's-1' is not used: it leads elsewhere."]);
  expect(tickets.refusals).toEqual(["the URL of ssm:ResumeSession was not used: it leads elsewhere"]);
});

it("tries the old token once before it believes that the session is over", async () => {
  const { tickets } = ticketsOf(() => Promise.resolve(undefined));
  expect(await ways(tickets, 2)).toEqual(["old wss://a", "gone"]);
});

it("goes on with the ticket that let the client in", async () => {
  const { tickets } = ticketsOf();
  tickets.keep(renewed);
  expect(await ways(tickets, 1)).toEqual(["new wss://b"]);
});

it("asks no more when the right is missing, and says so once", async () => {
  let asked = 0;
  const denied = new AccessDenied(
    { action: "ssm:ResumeSession", isNamed: true },
    { failed: "No right.", seen: "Denied.", advice: "" },
  );
  const { tickets, log } = ticketsOf(() => {
    asked += 1;
    return Promise.reject(denied);
  });
  for (let cut = 0; cut < 2; cut += 1) expect(await ways(tickets, 1)).toEqual(["old wss://a"]);
  expect(asked).toBe(1);
  expect(log.lines).toEqual([expect.stringContaining("'ssm:ResumeSession' is denied")]);
});

it("waits for an answer that is under way, and gives the old token meanwhile", async () => {
  let answer: (ticket: SessionTicket) => void = () => undefined;
  const { tickets } = ticketsOf(() => new Promise((resolve) => (answer = resolve)));
  const renewing = tickets.renew();
  expect(tickets.take()).toMatchObject({ ticket: first });
  answer(renewed);
  await renewing;
  expect(tickets.take()).toMatchObject({ ticket: renewed });
});
