# Downloads the payload by boto3 and the credentials of the task role: BUCKET KEY REGION SHA256 FILE. It ends after four seconds in which
# nothing comes, and after SECONDS, which container-source.ts computes from the size. AWS_MAX_ATTEMPTS is 1. The alarm begins behind what boto3
# computes, and behind its call for the credentials, which has limits of its own (botocore, ContainerMetadataFetcher).
#
# Part of a command that CloudTrail records, so it is written short. Comments and empty lines are not sent.
import boto3,hashlib,signal,sys

_,b,k,r,d,f=sys.argv
s=boto3.client("s3",r,config=boto3.session.Config(connect_timeout=2,read_timeout=4))
signal.alarm(SECONDS)
a=s.get_object(Bucket=b,Key=k)["Body"].read()
assert hashlib.sha256(a).hexdigest()==d,"checksum mismatch"
open(f,"wb").write(a)
