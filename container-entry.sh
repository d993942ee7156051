#!/bin/sh
# The first run in an empty volume begins with the project's own settings, open to the container's network: its reports, which tell of the
# data, are not.
set -eu
if [ ! -e "$CONFIG" ]; then
  sed 's/^  host: 127\.0\.0\.1$/  host: 0.0.0.0/; s/^  reports: true$/  reports: false/' /app/config.yaml > "$CONFIG.tmp-$$"
  mv "$CONFIG.tmp-$$" "$CONFIG"
fi
exec "$@"
