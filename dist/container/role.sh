# --- Objects by the task role: when the image has neither python3 nor curl, or when S3 takes no form, because the policy of the
# bucket forbids it (s3:authType). aws, or python3 with boto3, runs once for each object, and takes 50 MB of memory meanwhile.

# Sets fx_role to the program that can do that. False when there is none.
fx_find_role() {
  fx_role=''
  fx_have_credentials || return
  if fx_find_aws; then
    fx_role=aws
  elif fx_tool python3 && ! fx_find_bad_modules && "$fx_file" -I -c 'import boto3'; then
    fx_role=boto3 fx_boto3=$fx_file
  fi
  [ "$fx_role" ]
} 2>/dev/null

# fx_take_field NAME VALUE: learns from a field of the form in which bucket the objects are, and how they are encrypted.
fx_take_field() {
  case $1 in
    bucket) fx_bucket_name=$2 ;;
    x-amz-server-side-encryption) fx_sse=$2 ;;
    x-amz-server-side-encryption-aws-kms-key-id) fx_sse_key=$2 ;;
  esac
}

# fx_ask_by_role put|get NAME FILE: sets fx_http to a status of HTTP that stands for the answer of S3, 000 when there is none.
fx_ask_by_role() {
  # The key comes by a file, for the same reason as in fx_post.
  printf %s "$fx_folder$2" >"$fx_dir/object-key"
  if [ "$fx_role" = boto3 ]; then
    set -- "$fx_boto3" -I -c "$fx_role_py" "$1" "$fx_in_region" "$fx_bucket_name" "$fx_dir/object-key" "$3" "$fx_sse" "$fx_sse_key" \
      "$fx_bucket_owner"
  elif [ "$1" = put ]; then
    set -- put-object --key "file://$fx_dir/object-key" --body "$3" \
      ${fx_sse_key:+--server-side-encryption "$fx_sse" --ssekms-key-id "$fx_sse_key"}
  else
    set -- get-object --key "file://$fx_dir/object-key" --range bytes=0-65535 "$3"
  fi
  case $1 in
    put-object | get-object)
      set -- "$fx_aws" s3api "$@" --bucket "$fx_bucket_name" ${fx_bucket_owner:+--expected-bucket-owner "$fx_bucket_owner"} \
        --region "$fx_in_region" --output text --query ETag --cli-connect-timeout 20 --cli-read-timeout 20
      ;;
  esac
  export AWS_MAX_ATTEMPTS=1
  fx_request "$@"
  fx_http=000
  if [ -s "$fx_dir/http" ]; then
    fx_http=200
  else
    case $(tail -n 1 "$fx_dir/curl.err") in
      *'(AccessDenied)'* | *'(403)'*) fx_http=403 ;;
      *'(NoSuchKey)'* | *'(404)'*) fx_http=404 ;;
      *'An error occurred ('*) fx_http=500 ;;
    esac
  fi
}
