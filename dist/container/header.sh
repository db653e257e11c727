# --- The header: the line that names the task and the run in a log stream with a random name.

# fx_get URL: prints the answer of the task metadata endpoint, when it comes within two seconds. The endpoint is link-local, so a
# proxy can't reach it. To be called by fx_apart.
fx_get() {
  fx_url_=$1
  if fx_tool curl; then
    "$fx_file" -q -sf -m 2 --noproxy '*' "$fx_url_"
  elif fx_tool python3; then
    "$fx_file" -I -S -c "$fx_metadata_py" "$fx_url_"
  elif fx_tool wget; then
    if "$fx_file" --version | grep -q 'GNU Wget'; then
      "$fx_file" -q -T 2 -t 1 --no-proxy -O - "$fx_url_"
    else
      fx_get_by_busybox "$fx_url_"
    fi
  fi
}

# fx_get_by_busybox URL: gets it by the wget of busybox, which reads no file that could name a proxy. The time is limited here,
# because Debian's busybox is built without -T and crashes at it.
fx_get_by_busybox() {
  "$fx_file" -q -O - "$1" &
  fx_name "$!"
  fx_getter=$fx_token fx_tries=40
  while [ "$fx_tries" -gt 0 ] && fx_is "$fx_getter" && [ "$fx_state" != Z ]; do
    sleep 0.05
    fx_tries=$((fx_tries - 1))
  done
  ! fx_is "$fx_getter" || kill -9 "$fx_pid"
  wait "${fx_getter%:*}"
}

# Prints what the endpoint says of the task. What it says of the container goes to the file `here`. To be called by fx_apart.
fx_get_both() {
  unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
  # Both at once: the job waits for the header.
  fx_get "$fx_uri" >"$fx_dir/here" &
  fx_getting=$!
  fx_get "$fx_uri/task"
  wait "$fx_getting"
} 2>/dev/null

# fx_fields KEYS: prints those keys of the JSON text on standard input that the pattern KEYS matches, each with its value, one a
# line. An image may lack jq, so the text is cut into lines of one pair each.
fx_fields() {
  # shellcheck disable=SC2020 # each of the three becomes the end of a line
  tr '{},' '\n\n\n' | sed -nE 's/^ *"('"$1"')": *"?([^"]*)"? *$/\1 \2/p'
}

fx_print_header() {
  fx_uri=$ECS_CONTAINER_METADATA_URI_V4 fx_task=''
  if [ "$fx_uri" ]; then
    fx_task=$(fx_apart fx_get_both)
  fi
  printf '\033]7733;h\007fargate-exec'
  printf ' %s' "run=$fx_id"
  if [ "$fx_task" ]; then
    # On EC2 a task need have no size, and its containers have sizes of their own.
    fx_task=${fx_task%%'"Containers"'*}
    fx_its_cluster='' fx_its_arn='' fx_its_name='' fx_its_image='' fx_its_cpu='' fx_its_memory=''
    # The first value of a key counts.
    while read -r fx_field fx_value; do
      case $fx_field in
        Cluster) fx_its_cluster=${fx_its_cluster:-$fx_value} ;;
        TaskARN) fx_its_arn=${fx_its_arn:-$fx_value} ;;
        Name) fx_its_name=${fx_its_name:-$fx_value} ;;
        Image) fx_its_image=${fx_its_image:-$fx_value} ;;
        CPU) fx_its_cpu=${fx_its_cpu:-$fx_value} ;;
        Memory) fx_its_memory=${fx_its_memory:-$fx_value} ;;
      esac
    done <<EOF
$(printf %s "$fx_task" | fx_fields 'Cluster|TaskARN|CPU|Memory' && fx_fields 'Name|Image' <"$fx_dir/here")
EOF
    printf ' %s' "cluster=$fx_its_cluster" "task=$fx_its_arn" "container=$fx_its_name" "image=$fx_its_image" \
      "cpu=$fx_its_cpu" "memory=$fx_its_memory"
  else
    printf ' %s' "cluster=$fx_cluster" "task=$fx_arn" "container=$fx_container" 'metadata=unavailable'
  fi
  rm -f "$fx_dir/here"
  [ -z "$fx_url" ] || printf ' %s' "url=$fx_url"
  printf '\n'
}
