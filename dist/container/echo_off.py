# Turns echo off, and the terminal's own line ends, for an image without stty.
#
# Part of a command that CloudTrail records, so it is written short, with the numbers of OPOST, ECHO and TCSANOW. Comments
# and empty lines are not sent.
from termios import*

a=tcgetattr(0)
a[1]&=~1
a[3]&=~8
tcsetattr(0,0,a)
