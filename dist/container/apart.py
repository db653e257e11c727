# Leaves out the container's variables that may name a file: another user may own it, and it may name programs to run.
#
# Part of a command that CloudTrail records, so it is written short. Comments and empty lines are not sent.
import os,re

[os.environ.pop(k)for k in[*os.environ]if re.search("FILE|PATH|BUNDLE|SSL|BOTO",k)]
