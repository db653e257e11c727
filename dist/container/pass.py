"""Makes records of the lines of artifacts.py, or facts about an item, until FILE exists:

    pass.py FILE FACT [DIRECTORY]

FACT stands before each line of a fact; empty: the lines become records. DIRECTORY is the job directory, and is only given when the output may go by S3. Then objects.py, s3.py and parts.py stand in front of this
file, and the archive goes to S3 in parts.
"""

import base64
import binascii
import os
import select
import sys

PRINTABLE = bytes(range(32, 127))
# Bytes of a record, before base64.
RECORD = 48 << 10
# Bytes of a line, and the seconds between two looks for FILE.
LINE, PAUSE = 1 << 18, 0.1
# Bytes of a line that becomes a fact. With what stands before it, a recorder records it as a whole.
LONGEST_FACT = 3850


def record(line):
    """Adds a line to the spool."""
    sys.stdout.buffer.write(b"\033]7733;" + line[:1] + b"\007" + line[1:] + b"\n")


def tell(fact, line):
    """Tells a line as a fact. Of lines that are too long that of a list is left out, one about a file says so instead, and one of the archive is
    not told, which is False."""
    if len(line) > LONGEST_FACT:
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
    return len(line) < LINE and line[:1] in (b"a", b"f") and not line.translate(None, PRINTABLE)


def read_lines(enough):
    """The lines that come until FILE exists. It waits for none: another process may have stopped the packer, or may hold its pipe."""
    rest, lines = b"", []
    while not os.path.exists(enough):
        if lines:
            yield lines.pop()
        elif select.select([0], [], [], PAUSE)[0]:
            data = os.read(0, LINE)
            if not data or len(rest) > LINE:
                return
            *lines, rest = (rest + data).split(b"\n")
            lines.reverse()


def pass_facts(enough, fact):
    told = 0
    for line in read_lines(enough):
        if not is_line(line) or not tell(fact, line):
            break
        told += 1
    if not told and not os.path.exists(enough):
        tell(fact, b'funread "" the program that packs them has printed nothing')
    sys.stdout.flush()


def pass_records(enough, *directory):
    archive = Parts(enough, *directory) if directory else Records()
    for line in read_lines(enough):
        # Only this program says what is in S3.
        if not is_line(line) or line.startswith((b"fpart", b"fno-part")):
            break
        if line.startswith(b"fend "):
            archive.end()
        if line[:1] == b"f":
            record(line)
            sys.stdout.buffer.flush()
        else:
            archive.take(line)
    archive.end()
    sys.stdout.flush()


if sys.argv[2]:
    pass_facts(sys.argv[1], os.fsencode(sys.argv[2]))
else:
    pass_records(sys.argv[1], *sys.argv[3:])
os._exit(0)
