# Downloads the URL on standard input into a file. A URL in an argument would be in the process list, and it is a secret.
import shutil, sys, urllib.request

shutil.copyfileobj(urllib.request.urlopen(sys.stdin.read(), timeout=4), open(sys.argv[1], "wb"))
