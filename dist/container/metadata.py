# Prints what the task metadata endpoint answers, without a proxy: it is on the task's own link.
import sys, urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(sys.argv[1], timeout=2).read().decode())
