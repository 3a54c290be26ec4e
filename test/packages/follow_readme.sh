#!/bin/sh
# In a chroot where the package has just been installed: its cluster gets the README's settings, and then the README's
# statements and commands run. A statement that fails ends it.
set -eu
cd /readme
version=$(pg_lsclusters -h | cut -d ' ' -f 1)
server() { pg_ctlcluster "$version" main "$@"; }
as_postgres() { runuser -u postgres -- "$@"; }

cat postgresql.conf >>"/etc/postgresql/$version/main/postgresql.conf"
server start
trap 'server stop -m immediate' EXIT
as_postgres psql -X -q -v ON_ERROR_STOP=1 -f schema.sql
as_postgres psql -X -a -P pager=off -v ON_ERROR_STOP=1 -f statements.sql
as_postgres createdb -O app appdb 2>/dev/null || true
as_postgres psql -X -q -d appdb -c 'create extension elile_optimize'
as_postgres sh -exc '. ./commands.sh'
