"""The recorder, second part: the copy of the output for the container's own log, with `log-to-container`."""

import os
import select
import stat
import time

# At most this many bytes wait for the pipe. What comes beyond is left out.
MOST_WAITING = 262144
# On Linux a write of at most this many bytes to a pipe is made whole, or not at all (POSIX, PIPE_BUF).
WHOLE = 4096
# Seconds that the end of the output waits for the container's log.
LAST_ECHO = 0.5


class Echo:
    """Copies what is recorded to the standard output of PID 1, where the container's log driver reads it. It never waits
    for that pipe: the application and the log driver may hold it up, but not the job."""

    def __init__(self, path):
        import re  # Only jobs with a copy pay for it.

        self.tags = re.compile(re.escape(OPEN) + b"\n|" + re.escape(MARK) + b"[oe][0-9]*\007")
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        about = os.fstat(fd)
        # PID 1 may have put a file there that only root may write to.
        if not stat.S_ISFIFO(about.st_mode) or about.st_uid != os.geteuid():
            os.close(fd)
            raise OSError("the standard output of PID 1 is no pipe of the container runtime")
        self.fd = fd
        self.waiting = b""
        self.lost = 0
        self.has_open_line = False

    def plain(self, data):
        """Records as the job has printed them, redacted."""
        return self.tags.sub(b"", data).replace(REPLACEMENT, DAMAGED).replace(LITERAL, MARK)

    def take(self, data):
        text = self.plain(data)
        # Once something is left out, the line that says so comes before all that follows. It is queued when the pipe has taken
        # what waits: text that comes after a gap must not read as if there were none.
        if self.lost or len(self.waiting) + len(text) > MOST_WAITING:
            self.lost += len(text)
        else:
            self.queue(text)
        self.flush()

    def queue(self, text):
        self.waiting += text
        if text:
            self.has_open_line = not text.endswith(b"\n")

    def flush(self):
        try:
            while self.waiting or self.lost:
                if not self.waiting:
                    self.tell_lost()
                self.waiting = self.waiting[os.write(self.fd, self.waiting[:WHOLE]) :]
        except BlockingIOError:
            pass
        except OSError:
            # The reader is gone. The job goes on without the copy.
            self.waiting, self.lost = b"", 0

    def tell_lost(self):
        begin = b"\n" if self.has_open_line else b""
        self.queue(begin + b"[fargate-exec: %d bytes of output are left out here]\n" % self.lost)
        self.lost = 0

    def close(self):
        """Gives the pipe LAST_ECHO seconds for what waits. False when it has not taken all."""
        until = time.monotonic() + LAST_ECHO
        while self.waiting and select.select([], [self.fd], [], max(0, until - time.monotonic()))[1]:
            self.flush()
        whole = not self.waiting
        os.close(self.fd)
        return whole


class NoEcho:
    """For a job whose output is not copied."""

    fd = -1
    waiting = b""

    def take(self, data):
        pass

    def close(self):
        return True


def note(directory, text):
    """A note for the log, which an attacher shows."""
    with open(os.path.join(directory, "notes"), "a") as file:
        file.write(text + ".\n")


def open_echo(path, directory):
    """The copy of the output. A note says why there is none although it is asked for."""
    if not path:
        return NoEcho()
    try:
        return Echo(path)
    except OSError as error:
        note(directory, "The output is not copied to the container's log: %s" % (error.strerror or error))
        return NoEcho()
