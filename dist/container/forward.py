# --- The attacher of a forward: the program of its session, behind the parts of the relay. The session that starts the relay becomes its
# attacher: it hands its terminal to the relay and waits. `Relay`, `is_ours` and `end` are of the parts before it, `ASKED` is of forward_start.py.
#
# The line that the runner types after the program is JSON: `id` names the forward, all else is for the relay. Only the session that starts
# the relay has a `key` there. `shared`: other relays may run beside it.
import os, signal, socket, struct, sys, time

# Seconds for the relay to take an attacher.
CONNECT = 10
# Seconds between two looks at a name whose listener is full, and how many looks there are.
LOOK, LOOKS = 0.05, 10
# The name that the one relay of a container holds: containers of a task may share their network, and abstract names with it.
ONLY = "\0fargate-exec-forward-" + os.readlink("/proc/self/ns/pid")


def is_held_by_us(name):
    """Whether a process of ours listens at the name. False where none listens, or where its queue stays full: a relay of ours takes each
    connection soon."""
    for _ in range(LOOKS):
        with socket.socket(socket.AF_UNIX) as other:
            other.setblocking(False)
            try:
                other.connect(name)
                return is_ours(other)
            except BlockingIOError:
                time.sleep(LOOK)
            except OSError:
                return False
    return False


def take_only_name():
    """The socket that holds the name of the one relay of a container. None when a process of another user holds the name: that keeps no
    relay out. Where a relay of ours holds it, the session says so and ends."""
    only = socket.socket(socket.AF_UNIX)
    try:
        only.bind(ONLY)
        only.listen(16)
        return only
    except OSError:
        only.close()
    if is_held_by_us(ONLY):
        say("busy")
        sys.exit()
    return None


def say(word):
    """A mark that is no packet: there will be no link in this session."""
    os.write(1, ("\33]7733;%s\7\n" % word).encode())


def start_relay(address, asked):
    """Starts the relay as a process with a session of its own. It listens before this returns."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(address)
    except OSError:
        return  # A session that was lost has started it, or the name is another's, which its attacher sees.
    listener.listen(4)
    only = None if asked.get("shared") else take_only_name()
    if os.fork():
        listener.close()
        if only:
            only.close()
        return
    os.setsid()
    for name in ("SIGHUP", "SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    none = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(none, fd)
    os.chdir("/")
    try:
        Relay(listener, only, asked).run()
    finally:
        os._exit(0)


def main(asked):
    address = "\0fargate-exec-forward-" + asked["id"]
    if asked.get("key"):
        start_relay(address, asked)
    attacher = socket.socket(socket.AF_UNIX)
    attacher.settimeout(CONNECT)
    try:
        attacher.connect(address)
        if not is_ours(attacher):
            raise OSError("another user's")
    except OSError:
        say("gone")
        return
    attacher.settimeout(None)
    os.set_blocking(0, False)
    attacher.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 0))])
    os.close(0)
    os.close(1)
    os.close(2)
    # Without a last word the client of this session is lost, or another session has taken its place.
    if not attacher.recv(1):
        end()


main(ASKED)
