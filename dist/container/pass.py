"""Makes records of the lines of artifacts.py, or facts about an item, until FILE exists:

    pass.py FILE FACT [DIRECTORY]

FACT stands before each line of a fact; empty: the lines become records. DIRECTORY is the job directory, and is only given when the output may go by S3. Then objects.py, s3.py and parts.py stand in front of this
file, and the archive goes to S3 in parts.
"""

import base64
import binascii
import os
import sys

PRINTABLE = bytes(range(32, 127))
# Bytes of a record, before base64.
RECORD = 48 << 10
# Bytes of a line that becomes a fact. With what stands before it, a recorder records it as a whole.
LONGEST = 3850


def record(line):
    """Adds a line to the spool."""
    sys.stdout.buffer.write(b"\033]7733;" + line[:1] + b"\007" + line[1:] + b"\n")


def tell(fact, line):
    """Tells a line as a fact. False for one that is too long, unless it names a file."""
    if len(line) > LONGEST:
        if line.startswith(b"flist "):
            return True
        if line.startswith(b"a"):
            return False
        line = b'funread "" its name is too long'
    sys.stdout.buffer.write(fact + line + b"\n")
    return True


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


def pass_facts(enough, fact):
    while not os.path.exists(enough):
        line = sys.stdin.buffer.readline(1 << 18)
        if not is_line(line) or not tell(fact, line[:-1]):
            break
    sys.stdout.flush()


def pass_records(enough, *directory):
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


if sys.argv[2]:
    pass_facts(sys.argv[1], os.fsencode(sys.argv[2]))
else:
    pass_records(sys.argv[1], *sys.argv[3:])
os._exit(0)
