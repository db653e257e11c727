"""The part of the exec agent that runs in the task.

It is started on the host, as root or as root of a user namespace. It enters the namespaces of a container's process and
runs one command there: on a PTY (a session) or without one (the agent's own `script`). It uses Python's standard library
only, 3.9 or later. All imports come before the container's file system replaces the host's.
`frames` describes its input and output.
"""

import ctypes
import fcntl
import json
import os
import queue
import select
import signal
import struct
import sys
import termios
import threading
import time

from frames import receive, send
from namespaces import close_all_but, drop, enter, hide_process, missing_capabilities, refuse_user_namespaces

TIOCGPTN = 0x80045430
TIOCSPTLCK = 0x40045431
PR_SET_NAME = 15
READ_SIZE = 4096  # The agent's reader is buffered: one read of a PTY gives 4,095 bytes at most.
CHUNK_SIZE = 1024
CHUNK_DELAY = 0.001


class StartError(Exception):
    """The command cannot start; the text is that of Go's os/exec."""


def find(name, path):
    """The file to execute, found by Go's rules."""
    if not name:
        raise StartError("exec: no command")
    if "/" in name:
        return name
    for directory in path.split(":") if path else []:
        candidate = os.path.join(directory or ".", name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise StartError(f"exec: {json.dumps(name, ensure_ascii=False)}: executable file not found in $PATH")


class Main:
    """The main process of a session. It leads a POSIX session of its own, whose controlling terminal is the PTY."""

    def __init__(self, argv, env, first_read):
        self.first_read = first_read
        program = find(argv[0], env.get("PATH", ""))
        self.terminal, slave = open_terminal()
        errors, report = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for fd in (0, 1, 2):
                    os.dup2(slave, fd)
                become_plain()
                os.execve(program, argv, env)
            except OSError as error:
                os.write(report, str(error.errno).encode())
            os._exit(127)
        os.close(report)
        os.close(slave)
        failure = os.read(errors, 16)
        os.close(errors)
        if failure:
            os.waitpid(self.pid, 0)
            raise StartError(f"fork/exec {program}: {os.strerror(int(failure)).lower()}")
        self.running = threading.Event()
        self.running.set()
        self.closing = threading.Event()
        self.wake, self.waker = os.pipe()
        self.inputs = queue.Queue()
        self.threads = [in_background(self.pump), in_background(self.feed)]

    def ready(self, event):
        """Waits until the terminal can be read or written; false when the session is being closed."""
        poll = select.poll()
        poll.register(self.terminal, event)
        poll.register(self.wake, select.POLLIN)
        poll.poll()
        return not self.closing.is_set()

    def may_run(self):
        self.running.wait()
        return not self.closing.is_set()

    def pump(self):
        """Reads output at the agent's own pace."""
        if self.closing.wait(self.first_read):
            return
        while self.may_run() and self.ready(select.POLLIN):
            try:
                data = os.read(self.terminal, READ_SIZE)
            except BlockingIOError:
                continue
            except OSError:  # EIO: no process has the terminal open any more.
                data = b""
            if not data:
                send(b"E")
                return
            for start in range(0, len(data), CHUNK_SIZE):
                if not self.may_run():
                    return
                send(b"O", data[start : start + CHUNK_SIZE])
                time.sleep(CHUNK_DELAY)

    def feed(self):
        """Writes input, and confirms each message once it is written as a whole."""
        while True:
            data = self.inputs.get()
            while data and self.ready(select.POLLOUT):
                try:
                    data = data[os.write(self.terminal, data) :]
                except BlockingIOError:
                    time.sleep(CHUNK_DELAY)
                except OSError as error:
                    send(b"A", error.strerror.lower().encode())
                    break
            else:
                if self.closing.is_set():
                    return
                send(b"A")

    def kill(self):
        """Kills only the main process, as AWS's agent does. The kernel then sends SIGHUP to the foreground process group."""
        os.kill(self.pid, signal.SIGKILL)
        self.closing.set()
        self.running.set()
        self.inputs.put(b"")
        os.write(self.waker, b"x")
        for thread in self.threads:
            thread.join()
        os.close(self.terminal)

    def wait(self):
        _, status = os.waitpid(self.pid, 0)
        # This process stands for the session worker, which ends with its session: the caller closes the input then.
        send(b"X", json.dumps({"status": os.waitstatus_to_exitcode(status), "stderr": ""}).encode())

    def serve(self):
        # The agent's session worker ends the session at these signals (amazon-ssm-agent, agent/session/shell/shell.go).
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, lambda *_: in_background(lambda: send(b"T")))
        while True:
            kind, body = receive()
            if kind == b"I":
                self.inputs.put(body)
            elif kind == b"S":
                columns, rows = struct.unpack(">HH", body)
                fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            elif kind == b"P":
                self.running.clear()
            elif kind == b"G":
                self.running.set()
            elif kind == b"K":
                self.kill()
                self.wait()
            elif kind == b"W":
                in_background(self.wait)


def in_background(loop):
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    return thread


def open_terminal():
    """Opens a PTY of the container's own devpts, with the kernel's defaults: 0 columns by 0 rows, echo on, canonical mode."""
    try:
        path = "/dev/ptmx"
        master = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        (number,) = struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, bytes(4)))
        fcntl.ioctl(master, TIOCSPTLCK, bytes(4))
        path = f"/dev/pts/{number}"
        return master, os.open(path, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise StartError(f"open {path}: {error.strerror.lower()}") from error


def become_plain():
    """Prepares this process to become the command: undoes Python's changes of signals, and sets the umask."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)


def run_plain(argv, env):
    """Runs one of the agent's own commands, without a terminal. Reports only its status and its standard error."""
    try:
        done = subprocess.run(
            [find(argv[0], env.get("PATH", "")), *argv[1:]],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=become_plain,
        )
    except OSError as error:
        raise StartError(f"fork/exec {argv[0]}: {error.strerror.lower()}") from error
    result = {"status": done.returncode, "stderr": done.stderr.decode("utf-8", "replace")}
    send(b"X", json.dumps(result).encode())


def live_in_container(config, capabilities):
    refuse_user_namespaces()
    # The container's root may trace a process that has no more rights than its own, and no other.
    drop(capabilities)
    ctypes.CDLL(None).prctl(PR_SET_NAME, b"ssm-session-wor", 0, 0, 0)
    os.chdir(config["workdir"])
    try:
        if not config["terminal"]:
            run_plain(config["argv"], config["env"])
            return
        main = Main(config["argv"], config["env"], config["firstRead"] / 1000)
    except StartError as error:
        send(b"F", str(error).encode("utf-8", "surrogateescape"))
        return
    send(b"R")
    main.serve()


def start():
    close_all_but(0, 1, 2)
    config = json.loads(receive()[1])
    if not config["terminal"]:
        # It takes a fifth of this program's start, and a session needs none of it.
        global subprocess
        import subprocess
    capabilities = missing_capabilities(config["pid"])
    enter(config["pid"])
    # After the last change of its user, which would undo it, and before the container can see the child.
    hide_process()
    child = os.fork()
    if child == 0:
        live_in_container(config, capabilities)
        os._exit(0)
    os.close(0)
    os.close(1)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) % 256)


if __name__ == "__main__":
    start()
