# Turns off the terminal's echo and its output processing, which puts a CR before each LF, where no `stty` can be used.
#
# Part of a command that CloudTrail records, so it is written short, with the numbers of OPOST, ECHO and TCSANOW. Comments
# and empty lines are not sent.
from termios import*

a=tcgetattr(0)
a[1]&=~1
a[3]&=~8
tcsetattr(0,0,a)
