# --- A program on a terminal of its own, as the far end of a stream: a shell. It has the members of a socket that the relay uses.
import errno, fcntl, os, signal, struct, termios, time

# Seconds for a program to end by SIGHUP before its terminal is gone.
HANG_UP = 0.5

try:
    BEGAN_IN = os.getcwd()
except OSError:
    BEGAN_IN = "/"


def own_environment():
    """The container's variables. Python sets LC_CTYPE when the environment names no locale (PEP 538)."""
    env = dict(os.environ)
    if b"\0LC_CTYPE=" not in b"\0" + open("/proc/self/environ", "rb").read():
        env.pop("LC_CTYPE", None)
    return env


class Pty:
    def __init__(self, asked):
        """`words` are the program, `env` is added to the variables, `rows` and `cols` are the terminal's first size."""
        env = dict(own_environment(), **asked["env"])
        self.pid, self.fd = os.forkpty()
        if not self.pid:
            try:
                self.fd = 0
                self.resize(asked["rows"], asked["cols"])
                for name in ("SIGPIPE", "SIGXFSZ"):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
                os.chdir(BEGAN_IN)
                os.execve(asked["words"][0], asked["words"], env)
            finally:
                os._exit(127)
        os.set_blocking(self.fd, False)
        os.set_inheritable(self.fd, False)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", rows, cols, 0, 0))

    def fileno(self):
        return self.fd

    def send(self, some):
        try:
            return os.write(self.fd, some)
        except OSError as problem:
            if problem.errno != errno.EIO:
                raise
            return len(some)  # Nobody reads this terminal any more.

    def recv(self, count):
        try:
            return os.read(self.fd, count)
        except OSError as problem:
            if problem.errno != errno.EIO:
                raise
            return b""  # No process has this terminal any more.

    def exit_code(self):
        """128 and the number of the signal for a program that was killed. None as long as it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def shutdown(self, how):
        pass  # A terminal has no end of input.

    def setsockopt(self, *option):
        pass

    def close(self):
        """Tells the program by SIGHUP, and hangs its terminal up. A shell passes the signal on as long as it has its terminal."""
        until = time.monotonic() + HANG_UP
        try:
            os.killpg(self.pid, signal.SIGHUP)
            while self.exit_code() is None and time.monotonic() < until:
                time.sleep(0.01)
        except OSError:
            pass  # It has ended.
        os.close(self.fd)
