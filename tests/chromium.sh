#!/bin/sh
# The browser tests use a Chromium that is there. In CI, as root, Debian's is installed where none is.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ -n "${EASEL_CHROMIUM:-}" ]; then exit 0; fi
if [ -n "${CI:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit 0
fi
echo "Browser tests are skipped: no Chromium here. Install one, or name it in EASEL_CHROMIUM."
