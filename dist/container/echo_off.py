# Turns echo off, and the terminal's own line ends, for an image without stty.
#
# Part of a command that CloudTrail records, so it is written short. Comments and empty lines are not sent.
import termios as t

a=t.tcgetattr(0)
a[1]&=~t.OPOST
a[3]&=~t.ECHO
t.tcsetattr(0,t.TCSANOW,a)
