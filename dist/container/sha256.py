# Prints the SHA-256 of a file, in hex.
import hashlib, sys

digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    for piece in iter(lambda: file.read(1 << 20), b""):
        digest.update(piece)
print(digest.hexdigest())
