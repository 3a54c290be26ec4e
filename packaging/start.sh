#!/bin/sh
# The container's first process, which becomes the server. Where there is no cluster it makes one; POSTGRES_PASSWORD
# is its superuser's. Arguments are the server's, such as -c elile_optimize.metrics_port=9187.
set -eu

# A cluster has its name only when all of it is there.
make_cluster() {
    new=$PGDATA.new
    rm -rf "$new"
    mkdir -p "$new"
    (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" >"$new.password")
    initdb -D "$new" -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 \
        --pwfile="$new.password"
    rm "$new.password"
    cat >>"$new/postgresql.conf" <<CONF
listen_addresses = '*'
shared_preload_libraries = 'elile_optimize'
CONF
    echo "host all all all scram-sha-256" >>"$new/pg_hba.conf"
    mv "$new" "$PGDATA"
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "start: there is no cluster in $PGDATA: set POSTGRES_PASSWORD, and one is made" >&2
        exit 1
    fi
    make_cluster
fi
unset POSTGRES_PASSWORD
exec postgres -D "$PGDATA" "$@"
