# The container's half of a link, for the tests of both: forward_packets.py and forward_link.py stand in front of this. Each line of standard input is a step in
# JSON; each answer is what the half writes. Its programs: 0 sends back what comes, 1 reads nothing until a step says "read", 2 sends
# 100,000 bytes of a sequence, 3 is refused, 4 reads all and sends nothing.
import base64, json, random, sys

key = bytes(range(64))
half = Streams(Link(Seal(key, b"c", b"r")), ["echo", "slow", "source", "refused", "sink"])
lines, greeted, now = Lines(), False, 0.0
waiting, sources, ends, slow = {}, {}, set(), {}
chance = random.Random(1)
SEQUENCE = bytes(i * 7 % 251 for i in range(251)) * 400


def sequence(offset, count):
    return SEQUENCE[offset : offset + count]


def take_events(step):
    for event in half.events:
        kind, of = event[:2]
        if kind == "open":
            if event[2] == 3:
                half.refused(of, 2, "nobody listens")
                continue
            half.opened(of)
            if event[2] == 4:
                continue
            waiting[of] = b""
            if event[2] == 1:
                slow[of] = 0
            if event[2] == 2:
                sources[of] = [0, 100000]
        elif kind == "data" and of not in waiting:
            half.consumed(of, len(event[2]))
        elif kind == "data":
            waiting[of] += event[2]
            if of in slow:
                slow[of] += len(event[2])
        elif kind == "end":
            ends.add(of)
        elif kind == "reset":
            waiting.pop(of, None)
            sources.pop(of, None)
    half.events = []


def work(step):
    if step.get("read"):
        for of in list(slow):
            half.consumed(of, slow.pop(of))
    numbers = list(waiting)
    chance.shuffle(numbers)
    for of in numbers:
        if of in slow:
            continue
        if of in sources:
            half.consumed(of, len(waiting[of]))
            waiting[of] = b""
            at, size = sources[of]
            count = min(half.may_send(of), size - at, chance.randint(1, 40000))
            if count > 0:
                half.send(of, sequence(at, count))
                sources[of][0] += count
            if sources[of][0] == size:
                half.end(of)
                del sources[of], waiting[of]
            continue
        count = min(half.may_send(of), len(waiting[of]), chance.randint(1, 40000))
        if count > 0:
            half.send(of, waiting[of][:count])
            half.consumed(of, count)
            waiting[of] = waiting[of][count:]
        if of in ends and not waiting[of]:
            half.end(of)
            del waiting[of]


for text in sys.stdin:
    step = json.loads(text)
    out, error = b"", None
    now += step.get("seconds", 0)
    try:
        if step.get("session"):
            lines, greeted = Lines(), False
        for line in lines.cut(base64.b64decode(step.get("in", ""))):
            if greeted:
                half.receive(line, now)
            else:
                greeted = half.link.greet(line, now)
        take_events(step)
        if greeted:
            work(step)
        half.link.tick(now)
        for _ in range(step.get("lines", 1000)):
            line = half.link.take() if greeted else None
            if line is None:
                break
            out += line
    except (Damage, Violation) as problem:
        error = type(problem).__name__ + ": " + str(problem)
    print(json.dumps({"out": base64.b64encode(out).decode(), "error": error, "open": len(half.open),
        "kept": half.link.kept_bytes, "held": sum(map(len, waiting.values()))}), flush=True)
