"""Makes records of the lines of artifacts.py, until the file that is named exists:

    pass.py FILE
"""

import os
import re
import sys

LINE = re.compile(b"[af][ -~]*\n")
while not os.path.exists(sys.argv[1]):
    line = sys.stdin.buffer.readline(1 << 18)
    if not LINE.fullmatch(line):
        break
    sys.stdout.buffer.write(b"\033]7733;" + line[:1] + b"\007" + line[1:])
    sys.stdout.buffer.flush()
sys.stdout.flush()
os._exit(0)
