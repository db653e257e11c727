# --- The end of a loader: a payload with its checksum, or a refusal.
#
# Part of both loaders: loader.sh, and unpack.sh.

# fx_refuse CODE WORDS: ends the session with the reason why no job is started.
fx_refuse() {
  fx_say "$fx_nonce;! $1 $2"
  if [ "$fx_new" ]; then
    rm -rf "$fx_dir"
    kill "$fx_guard"
    wait "$fx_guard"
  fi
  exit 1
}

# fx_digest FILE: prints its SHA-256 and more words, or nothing when that fails. False when nothing in the image computes one. A
# busybox may have no such applet. All but sha256sum may read a file that a variable names, so they run by fx_apart.
fx_digest() {
  if fx_tool sha256sum; then
    "$fx_file" "$1"
    return 0
  elif fx_tool busybox && fx_apart "$fx_file" --list | grep -qx sha256sum; then
    set -- sha256sum "$1"
  elif fx_tool openssl; then
    set -- dgst -r -sha256 "$1"
  elif fx_tool python3; then
    set -- -I -S -c "$fx_sha256_py" "$1"
  else
    return 1
  fi
  (fx_apart "$fx_file" "$@")
  return 0
} 2>/dev/null

# fx_verify WAY: whether the payload that came this way has the checksum that the runner has computed. False when it can't be read.
# When nothing computes a checksum, only a payload that the session carries is taken.
fx_verify() {
  if fx_found=$(fx_digest "$fx_dir/payload"); then
    [ "${fx_found%% *}" = "$fx_sha" ] && return
    fx_tried="$fx_tried$1: checksum mismatch; "
  elif [ "$1" = typed ]; then
    fx_say "$fx_nonce;n Nothing in the image computes SHA-256 (sha256sum, busybox, openssl, python3): the script is not checked."
    return
  fi
  false
}

# Refuses to load when there is no directory for it, or when this session is not the first one.
fx_check_directory() {
  [ -d "$fx_dir" ] || fx_refuse job-directory "no directory can hold the files of the job${fx_odd:+: another user has made $fx_odd}"
  [ "$fx_at" -eq 0 ] || fx_refuse gone 'the job directory is gone'
  [ "$fx_new" ] || fx_refuse gone 'the job directory was never filled'
}
