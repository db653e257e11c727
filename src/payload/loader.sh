# Typed into a session whose bootstrap could not fetch the payload by boto3, after the assignments that loader.ts
# puts in front. Every other way to get it, in turn; ends the session with the reasons where none goes.

fx_tried=${fx_why:+"boto3: $fx_why; "}

# The reason why no job was started, in the one mark that carries it.
fx_refuse() {
  fx_say "$fx_nonce;! $1 $2"
  if [ "$fx_new" ]; then
    rm -rf "$fx_dir"
    wait "$fx_guard"
  fi
  exit 1
}

fx_digest() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v openssl >/dev/null; then
    openssl dgst -sha256 "$1" | sed 's/.* //'
  else
    python3 -I -S -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"
  fi 2>/dev/null
}

# Whether the payload that came this way is what it should be.
fx_check() {
  fx_found=$(fx_digest "$fx_dir/payload")
  if [ -z "$fx_found" ]; then
    fx_say "$fx_nonce;n Nothing in the image computes SHA-256 (sha256sum, openssl, python3): the script is not checked."
    return 0
  fi
  [ "$fx_found" = "$fx_sha" ] || fx_tried="$fx_tried$1: checksum mismatch; "
  [ "$fx_found" = "$fx_sha" ]
}

# One way: its name, then its function.
fx_try() {
  rm -f "$fx_dir/payload"
  if "$2" >/dev/null 2>"$fx_dir/err" 3<&-; then
    fx_check "$1" || return 1
    fx_say "$fx_nonce;n Script fetched by $1 (${fx_tried%; })."
  else
    fx_tried="$fx_tried$1: $(fx_words); "
    return 1
  fi
}

fx_by_aws() { aws s3 cp --only-show-errors --region "$fx_region" "s3://$fx_bucket/$fx_key" "$fx_dir/payload"; }
# The URL is a secret for as long as it lives, so it goes by standard input and not into a process list.
fx_by_curl() { printf 'url = "%s"\n' "$fx_address" | curl -sSf -m 300 -K - -o "$fx_dir/payload"; }
fx_by_wget() { printf '%s\n' "$fx_address" | wget -q -T 60 -i - -O "$fx_dir/payload"; }
fx_by_python() {
  printf %s "$fx_address" | python3 -I -S -c '
import sys, urllib.request
open(sys.argv[1], "wb").write(urllib.request.urlopen(sys.stdin.read(), timeout=60).read())' "$fx_dir/payload"
}

# By the session itself: lines of printf escapes, which no tool is needed for.
fx_type() {
  fx_say "$fx_nonce;p"
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do printf '%b' "$fx_line"; done >"$fx_dir/payload"
}

fx_load() {
  [ -d "$fx_dir" ] || fx_refuse place 'no writable directory among /tmp, /var/tmp, /dev/shm, /run'
  [ "$fx_at" -eq 0 ] || fx_refuse gone 'the job directory is not there any more'
  [ "$fx_new" ] || fx_refuse gone 'the job directory was never filled'
  if [ "$fx_bucket" ]; then
    if command -v aws >/dev/null; then fx_try 'aws s3 cp' fx_by_aws && return; fi
    if command -v curl >/dev/null; then fx_try curl fx_by_curl && return; fi
    if command -v python3 >/dev/null; then fx_try python3 fx_by_python && return; fi
    # Not busybox's, which takes an URL from its arguments only.
    if wget --version 2>/dev/null | grep -q 'GNU Wget'; then fx_try wget fx_by_wget && return; fi
    [ "$fx_typed" ] || fx_refuse download "${fx_tried:-nothing to fetch it with; }and it is too large to be typed"
    fx_say "$fx_nonce;n Script typed into the session: ${fx_tried:-the image has neither python3 with boto3 nor aws, curl or wget.}"
  else
    fx_say "$fx_nonce;n Script typed into the session: there is no bucket."
  fi
  fx_type
  fx_check typed || fx_refuse download "$fx_tried"
}
fx_load
fx_say "$fx_nonce;s"
