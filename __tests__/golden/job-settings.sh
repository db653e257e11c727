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
fx_fence=
fx_echo=
fx_pieces=1
fx_leaves=1
fx_held_for_job=
fx_cuts=script:20
fx_merged=
fx_user=''
fx_workdir='/srv/my app'
fx_environment='fx_set A '\''value of A'\''
fx_set EMPTY '\'''\''
fx_set QUOTES '\''it'\''\'\'''\''s "quoted" $HOME'\'''
fx_own_environment='fx_set CI true'
fx_recorder_py='<recorder.py>'
fx_recorder_awk='<recorder.awk>'
fx_uploader_py='<uploader.py>'
fx_role_py='import boto3, sys
do, region, bucket, key, file, sse, sse_key, owner = sys.argv[1:]
config = boto3.session.Config(connect_timeout=20, read_timeout=20)
s3 = boto3.client("s3", region_name=region, config=config)
place = {"Bucket": bucket, "Key": key, **({"ExpectedBucketOwner": owner} if owner else {})}
if do == "put":
    more = {"ServerSideEncryption": sse, "SSEKMSKeyId": sse_key} if sse_key else {}
    with open(file, "rb") as body:
        answer = s3.put_object(Body=body, **place, **more)
else:
    answer = s3.get_object(**place)
    with open(file, "wb") as copy:
        copy.write(answer["Body"].read(65536))
print("ETag", answer["ETag"])'
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
