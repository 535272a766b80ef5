#!/bin/sh
# Valkey as the log needs it: on disk before it answers, never evicting, a user per role.
# Passwords come from the environment and are letters and digits only.
set -eu
umask 077
for name in SITE_REDIS_PASSWORD WORKER_REDIS_PASSWORD; do
  eval "value=\${$name:?}"
  case $value in *[!A-Za-z0-9]*) echo "$name: letters and digits only" >&2; exit 1;; esac
done
acl=${DATA:-/data}/users.acl
sed -e "s/@SITE_REDIS_PASSWORD@/$SITE_REDIS_PASSWORD/" \
    -e "s/@WORKER_REDIS_PASSWORD@/$WORKER_REDIS_PASSWORD/" \
    "$(dirname "$0")/users.acl" > "$acl"
exec valkey-server --dir "${DATA:-/data}" --aclfile "$acl" --save '' \
  --appendonly yes --appendfsync always --maxmemory-policy noeviction "$@"
