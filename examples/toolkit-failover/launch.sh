#!/bin/sh
# What the passive monitor in dc2 runs when it believes that dc1 is down: it submits the application there, and ends the
# monitor, whose ports the application needs. Real monitors call streamtool; a stand-in has the REST API alone.
set -eu

bundle=${BUNDLE:-}
instance="${STREAMS_REST_URL%/resources}/instances/$STREAMS_INSTANCE_ID"

# The password goes through a pipe: arguments are seen by everybody on the host.
api() {
	printf 'user = "%s:%s"\n' "$STREAMS_USERNAME" "$STREAMS_PASSWORD" |
		curl --config - --silent --show-error --fail --max-time 60 "$@"
}

# A stand-in takes anything for a bundle.
upload() {
	if [ -n "$bundle" ]; then cat "$bundle"; else echo "$XDC_JOB"; fi >"$work/bundle"
	api --header 'Content-Type: application/x-jar' --data-binary "@$work/bundle" "$instance/applicationbundles"
}

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
id=$(upload | sed -n 's/.*"bundleId" *: *"\([^"]*\)".*/\1/p')
echo "uploaded as $id"
api --header 'Content-Type: application/json' --data "{\"application\": \"$id\"}" "$instance/jobs" >"$work/job"
echo "submitted: $(sed -n 's/.*"name" *: *"\([^"]*\)".*/\1/p' "$work/job" | head -n 1)"

# A twin that is only served has no process for its monitor, and ends it by itself.
[ -z "${XDC_MONITOR_PID:-}" ] || kill "$XDC_MONITOR_PID"
