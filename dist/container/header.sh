# --- The header: the line that names the task and the run in a log stream with a random name.

# fx_get URL: prints the answer of the task metadata endpoint. The endpoint is link-local, so a proxy can't reach it.
fx_get() (
  unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
  fx_url_=$1
  if fx_tool curl; then
    fx_apart "$fx_file" -q -sf -m 2 --noproxy '*' "$fx_url_"
  elif fx_tool python3; then
    fx_apart "$fx_file" -I -S -c "$fx_metadata_py" "$fx_url_"
  elif fx_tool wget; then
    # The wget of busybox has no such option, and reads no file that could name a proxy.
    fx_apart "$fx_file" -q -T 2 -t 1 --no-proxy -O - "$fx_url_" || "$fx_file" -q -T 2 -O - "$fx_url_"
  fi 2>/dev/null
)

# fx_field KEY: the first value of that key in the JSON text on standard input. An image may lack jq, so the text is cut
# into lines of one pair each.
fx_field() {
  # shellcheck disable=SC2020 # each of the three becomes the end of a line
  tr '{},' '\n\n\n' | sed -n 's/^ *"'"$1"'": *"\{0,1\}\([^"]*\)"\{0,1\} *$/\1/p' | head -n 1
}

fx_print_header() {
  fx_uri=$ECS_CONTAINER_METADATA_URI_V4
  fx_task=$([ -z "$fx_uri" ] || fx_get "$fx_uri/task")
  fx_here=$([ -z "$fx_uri" ] || fx_get "$fx_uri")
  printf '\033]7733;h\007fargate-exec'
  printf ' %s' "run=$fx_id"
  if [ "$fx_task" ]; then
    printf ' %s' "cluster=$(printf %s "$fx_task" | fx_field Cluster)" \
      "task=$(printf %s "$fx_task" | fx_field TaskARN)" \
      "container=$(printf %s "$fx_here" | fx_field Name)" \
      "image=$(printf %s "$fx_here" | fx_field Image)" \
      "cpu=$(printf %s "$fx_task" | fx_field CPU)" \
      "memory=$(printf %s "$fx_task" | fx_field Memory)"
  else
    printf ' %s' "cluster=$fx_cluster" "task=$fx_arn" "container=$fx_container" 'metadata=unavailable'
  fi
  [ -z "$fx_url" ] || printf ' %s' "url=$fx_url"
  printf '\n'
}
