#!/bin/sh
# The first run in an empty volume begins with the project's own settings, open to the container's network.
set -eu
if [ ! -e "$CONFIG" ]; then
  sed 's/^  host: 127\.0\.0\.1$/  host: 0.0.0.0/' /app/config.yaml > "$CONFIG.tmp-$$"
  mv "$CONFIG.tmp-$$" "$CONFIG"
fi
exec "$@"
