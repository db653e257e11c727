# --- What the terminal carries: marks, and the spool piece by piece, packed where it helps.

fx_mark() { printf '\033]7733;%s;%s\007' "$fx_nonce" "$1"; }

# Finds what packs bytes for a terminal, once, when they have to be packed.
fx_find_packer() {
  if command -v gzip >/dev/null && command -v base64 >/dev/null; then
    fx_packer() { gzip -c | base64; }
  elif command -v python3 >/dev/null; then
    fx_packer() {
      python3 -I -S -c '
import base64, gzip, sys
sys.stdout.buffer.write(base64.encodebytes(gzip.compress(sys.stdin.buffer.read())))'
    }
  else
    fx_mark 'n The image has neither gzip with base64 nor python3, so the output is sent as it is.'
    fx_pack=
    return 1
  fi
  fx_found_packer=1
}

# Sends the spool up to byte fx_bytes, or a piece of it: packed when more waits than fx_pack, which is empty for never.
fx_send() {
  fx_length=$((fx_bytes - fx_at))
  if [ "$fx_pack" ] && [ "$fx_length" -gt "$fx_pack" ] && { [ "$fx_found_packer" ] || fx_find_packer; }; then
    # Not all at once: a cut costs the whole piece.
    [ "$fx_length" -le 1048576 ] || fx_length=1048576
    fx_mark "# $fx_at $fx_length"
    tail -c "+$((fx_at + 1))" "$fx_dir/out" | head -c "$fx_length" | fx_packer
    fx_mark '%'
  else
    # Not all at once either: a backlog that grows behind it may have to be packed.
    [ "$fx_length" -le 262144 ] || fx_length=262144
    tail -c "+$((fx_at + 1))" "$fx_dir/out" | head -c "$fx_length"
    fx_unmarked=$((fx_unmarked + fx_length))
  fi
  fx_at=$((fx_at + fx_length))
  # By these, and by what is packed, the reader knows what it has for certain.
  [ "$fx_unmarked" -lt 1048576 ] || fx_tell_place
}

fx_tell_place() {
  fx_mark "~ $fx_at"
  fx_unmarked=0
}
