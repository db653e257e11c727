# --- The end of a loader: a payload with its checksum, or a refusal.
#
# Part of both loaders: loader.sh, and unpack.sh.

# fx_refuse CODE WORDS: ends the session with the reason why no job is started.
fx_refuse() {
  fx_say "$fx_nonce;! $1 $2"
  if [ "$fx_new" ]; then
    rm -rf "$fx_dir"
    wait "$fx_guard"
  fi
  exit 1
}

# Prints the SHA-256 of the payload, or `none` where the image can't compute it.
fx_digest() {
  if fx_tool sha256sum; then
    fx_apart "$fx_file" "$fx_dir/payload" | cut -d ' ' -f 1
  elif fx_tool openssl; then
    fx_apart "$fx_file" dgst -sha256 "$fx_dir/payload" | sed 's/.* //'
  elif fx_tool python3; then
    fx_apart "$fx_file" -I -S -c "$fx_sha256_py" "$fx_dir/payload"
  else
    echo none
  fi 2>/dev/null
}

# fx_verify WAY: whether the payload that came this way has the checksum that the runner has computed. A payload that can't
# be read has not.
fx_verify() {
  fx_found=$(fx_digest)
  if [ "$fx_found" = none ]; then
    fx_say "$fx_nonce;n Nothing in the image computes SHA-256 (sha256sum, openssl, python3): the script is not checked."
    return 0
  fi
  [ "$fx_found" = "$fx_sha" ] || fx_tried="$fx_tried$1: checksum mismatch; "
  [ "$fx_found" = "$fx_sha" ]
}

# Refuses to load where there is no directory for it, or where this session is not the first one.
fx_check_directory() {
  [ -d "$fx_dir" ] || fx_refuse job-directory "no directory can hold the files of the job${fx_odd:+: another user has made $fx_odd}"
  [ "$fx_at" -eq 0 ] || fx_refuse gone 'the job directory is gone'
  [ "$fx_new" ] || fx_refuse gone 'the job directory was never filled'
}
