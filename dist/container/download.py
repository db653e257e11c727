# Downloads the URL on standard input into a file. The URL is a secret, and the process list would show an argument.
import shutil, sys, urllib.request

shutil.copyfileobj(urllib.request.urlopen(sys.stdin.read(), timeout=4), open(sys.argv[1], "wb"))
