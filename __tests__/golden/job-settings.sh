fx_id=0123456789abcdef0123
fx_cluster=demo
fx_arn=arn:aws:ecs:eu-west-1:123456789012:task/demo/0123456789abcdef0123456789abcdef
fx_container=app
fx_url=https://github.com/example/demo/actions/runs/1
fx_workers=2
fx_timeout=3600
fx_wait=0
fx_silence=90
fx_fence=
fx_echo=
fx_pieces=1
fx_leaves=1
fx_held_for_job=
fx_keeps=
fx_lives_on=
fx_deadline=/run/fargate-exec-hold
fx_slack=900
fx_cuts=script:20
fx_items=
fx_merged=
fx_user=''
fx_workdir='/srv/my app'
fx_for_shell='fx_directory='\''/srv/my app'\'''
fx_environment='fx_set A '\''value of A'\''
fx_set EMPTY '\'''\''
fx_set QUOTES '\''it'\''\'\'''\''s "quoted" $HOME'\'''
fx_own_environment='fx_set CI true'
fx_recorder_py='<recorder.py>'
fx_recorder_awk='<recorder.awk>'
fx_uploader_py='<uploader.py>'
fx_become_py='<become.py>'
fx_environ_py='<environ.py>'
fx_metadata_py='<metadata.py>'
fx_pack_py='<pack.py>'
fx_files=''
fx_artifacts=''
fx_launch_sh='<launch.sh>'
fx_try_sh='<try.sh>'
fx_command() {
"$@" bash --noprofile --norc -eo pipefail "$fx_dir/script" 'one argument' 'it'\''s'
}
