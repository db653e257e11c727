# Removes the container's variables that may name a file. Another user may own such a file, and the file may name programs to run.
#
# Part of a command that CloudTrail records, so it is written short. Comments and empty lines are not sent.
import os,re

e=os.environ
[e.pop(k)for k in[*e]if re.search("FILE|PATH|BUNDLE|SSL|BOTO",k)]
