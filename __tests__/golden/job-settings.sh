fx_id=0123456789abcdef0123
fx_cluster=demo
fx_arn=arn:aws:ecs:eu-west-1:123456789012:task/demo/0123456789abcdef0123456789abcdef
fx_container=app
fx_url=https://github.com/example/demo/actions/runs/1
fx_workers=2
fx_timeout=3600
fx_limit=268435456
fx_abandon=
fx_wait=0
fx_user=''
fx_workdir='/srv/my app'
fx_names='A EMPTY QUOTES'
fx_recorder_py='<recorder.py>'
fx_recorder_awk='<recorder.awk>'
fx_become_py='<become.py>'
fx_environ_py='import os
path = "/proc/1/environ"
owner = os.stat(path)
os.setegid(owner.st_gid)
os.seteuid(owner.st_uid)
os.write(1, open(path, "rb").read())'
fx_metadata_py='<metadata.py>'
fx_pack_py='<pack.py>'
fx_environment() {
"$@" A 'value of A'
"$@" EMPTY ''
"$@" QUOTES 'it'\''s "quoted" $HOME'
:
}
fx_own_environment() {
"$@" CI true
:
}
fx_command() {
"$@" bash --noprofile --norc -eo pipefail "$fx_dir/script" 'one argument' 'it'\''s'
}
