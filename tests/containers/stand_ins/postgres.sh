#!/bin/bash
# PostgreSQL as its public image starts it: the cluster is made once, then the command of docker-compose.yml runs.
set -euo pipefail
export PGDATA=/var/lib/postgresql/18/docker LC_ALL=C
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    # Options, each a word of its own
    # shellcheck disable=SC2086
    initdb --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") $POSTGRES_INITDB_ARGS
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
fi
exec "$@" -clisten_addresses='*' -cunix_socket_directories=/var/run/postgresql
