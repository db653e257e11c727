# What recorder.awk and echo.awk know of records (stream/marks.ts). These lines stand before each of the two.
BEGIN {
  MARK = "\033]7733;"
  OPEN = MARK "+\007"
  LITERAL = MARK "=\007"
  DAMAGED = "\357\277\275"
  REPLACEMENT = MARK "?\007"
  # A write of PIPE_BUF bytes or less, on Linux 4,096, is never mixed with what other processes write (POSIX, write).
  PAGE = 4000
}

function exchange(text, old, new,    out, some, at, from) {
  body = text
  for (from = 1; (at = find(old, from)) > 0; from = at + length(old)) {
    some = some substr(body, from, at - from) new
    # A text that grows by a few bytes is copied each time.
    if (length(some) > 999) { out = out some; some = "" }
  }
  return out some substr(body, from)
}

# Where the text `what` comes next in the body, from that place on, or 0. It looks at pieces: the rest of the body is not copied for each
# place.
function find(what, from,    size, at) {
  for (size = 256; from <= length(body); size *= 4) {
    if ((at = index(substr(body, from, size + length(what) - 1), what)) > 0) return from + at - 1
    from += size
  }
  return 0
}
