# Puts a file into S3 as an object, or gets an object into a file, by boto3 and the credentials of the task role:
# put|get REGION BUCKET NAME FILE ENCRYPTION KMS_KEY OWNER. NAME is a file that holds the object's key. OWNER is the account of the
# bucket. The last three may be empty. Prints the object's ETag. The last words of a failure are those of S3.
import boto3, sys

do, region, bucket, name, file, sse, sse_key, owner = sys.argv[1:]
config = boto3.session.Config(connect_timeout=20, read_timeout=20)
s3 = boto3.client("s3", region_name=region, config=config)
place = {"Bucket": bucket, "Key": open(name).read(), **({"ExpectedBucketOwner": owner} if owner else {})}
if do == "put":
    more = {"ServerSideEncryption": sse, "SSEKMSKeyId": sse_key} if sse_key else {}
    with open(file, "rb") as body:
        answer = s3.put_object(Body=body, **place, **more)
else:
    answer = s3.get_object(**place)
    with open(file, "wb") as copy:
        copy.write(answer["Body"].read(65536))
print("ETag", answer["ETag"])
