# Prints the answer of the task metadata endpoint. The endpoint is link-local, so no proxy is used.
import sys, urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(sys.argv[1], timeout=2).read().decode())
