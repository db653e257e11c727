# Downloads the payload by boto3 and the credentials of the task role: BUCKET KEY REGION SHA256 FILE. S3 has to answer
# within five seconds, so that a container without a route to S3 soon tries the next way. The download itself has no
# limit. Part of a command that CloudTrail records, so it is written short. Comments and empty lines are not sent.
import boto3,hashlib,signal,sys

b,k,r,d,f=sys.argv[1:]
signal.alarm(5)
a=boto3.client("s3",r,config=boto3.session.Config(connect_timeout=2,read_timeout=3,retries={"max_attempts":0})).get_object(Bucket=b,Key=k)["Body"]
signal.alarm(0)
a=a.read()
hashlib.sha256(a).hexdigest()==d or sys.exit("checksum mismatch")
open(f,"wb").write(a)
