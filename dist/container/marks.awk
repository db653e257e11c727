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

function exchange(text, old, new,    out, at) {
  while ((at = index(text, old)) > 0) {
    out = out substr(text, 1, at - 1) new
    text = substr(text, at + length(old))
  }
  return out text
}
