"""Makes records of the lines of artifacts.py, until FILE exists:

    pass.py FILE [DIRECTORY]

DIRECTORY is the job directory, and is only given when the output may go by S3. Then objects.py, s3.py and parts.py stand in front of this
file, and the archive goes to S3 in parts.
"""

import base64
import binascii
import os
import sys

PRINTABLE = bytes(range(32, 127))
# Bytes of a record, before base64.
RECORD = 48 << 10


def record(line):
    """Adds a line to the spool."""
    sys.stdout.buffer.write(b"\033]7733;" + line[:1] + b"\007" + line[1:] + b"\n")


class Records:
    """The archive as records."""

    def take(self, line):
        record(line)
        sys.stdout.buffer.flush()

    def end(self):
        pass


def is_line(line):
    """Whether the packer can have printed this line. Another process of the script's user may have replaced the packer."""
    return line[:1] in (b"a", b"f") and line[-1:] == b"\n" and not line[:-1].translate(None, PRINTABLE)


def main(enough, *directory):
    archive = Parts(enough, *directory) if directory else Records()
    while not os.path.exists(enough):
        line = sys.stdin.buffer.readline(1 << 18)
        # Only this program says what is in S3.
        if not is_line(line) or line.startswith((b"fpart", b"fno-part")):
            break
        if line.startswith(b"fend "):
            archive.end()
        if line[:1] == b"f":
            record(line[:-1])
            sys.stdout.buffer.flush()
        else:
            archive.take(line[:-1])
    archive.end()
    sys.stdout.flush()


main(*sys.argv[1:])
os._exit(0)
