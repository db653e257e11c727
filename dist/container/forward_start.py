# Makes the terminal raw, says so, and runs the program that the runner types: its SHA-256 is the argument. Ends when nothing is typed.
#
# `end` ends a session that has lost its client: signals.sh says why it tells the agent's worker.
#
# Part of a command that CloudTrail records, so it is written short. Comments and empty lines are not sent.
import base64,hashlib,json,os,signal,sys,tty,zlib

def end(*_):
 p=os.getppid()
 if open("/proc/%d/comm"%p).read()=="ssm-session-wor\n":os.kill(p,15)
 os._exit(0)
signal.signal(14,end)
signal.alarm(40)
tty.setraw(0)
os.write(1,b"\33]7733;ready\7\n")
def line():
    s=b""
    while s[-1:]!=b"\n":s+=os.read(0,1)or exit()
    return base64.b64decode(s)
p=zlib.decompress(line())
if hashlib.sha256(p).hexdigest()!=sys.argv[1]:exit()
ASKED=json.loads(line())
signal.alarm(0)
exec(p)
