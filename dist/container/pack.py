# Packs standard input for a terminal: gzip, then base64 in lines.
import base64, gzip, sys

sys.stdout.buffer.write(base64.encodebytes(gzip.compress(sys.stdin.buffer.read())))
