#!/usr/bin/env bash
# pg_upgrade of a cluster with the extension in use: check.sh OLD-BIN NEW-BIN, both with the extension installed, as a
# user who may run servers. A line for each thing looked at; everything happens in a throwaway folder.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
old_bin=$1
new_bin=$2
workload=$(cd "$(dirname "${BASH_SOURCE[0]}")/../workload" && pwd)
scratch=$(mktemp -d /tmp/elile.XXXXXX)
port=$((20000 + RANDOM % 30000))
failed=0
client=
queued=idx_entities_canonical_identifiers_gin
built=idx_entities_tenant_type

clean_up() {
    local status=$? data
    trap - EXIT INT TERM
    [[ -z $client ]] || kill "$client" 2>/dev/null || true
    for data in old copied linked; do
        [[ ! -f $scratch/$data/postmaster.pid ]] || "$new_bin/pg_ctl" -D "$scratch/$data" -m immediate -s stop || true
    done
    rm -rf "$scratch"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# check NAME COMMAND...: what the command prints is shown only when it fails.
check() {
    local name=$1
    shift
    if "$@" >"$scratch/check.log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/# /' "$scratch/check.log"
        failed=1
    fi
}

ask() { "$new_bin/psql" -XqAt -v ON_ERROR_STOP=1 -h "$scratch" -p "$port" -U postgres -d "$1" "${@:2}"; }

# make_cluster BIN NAME CONFIGURATION-LINE...
make_cluster() {
    local bin=$1 data=$scratch/$2
    shift 2
    "$bin/initdb" -D "$data" -A trust -U postgres --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null
    printf '%s\n' "$@" "listen_addresses = ''" "unix_socket_directories = '$scratch'" "port = $port" "fsync = off" \
        "shared_preload_libraries = 'elile_optimize'" "elile_optimize.inline_index_limit = 0" \
        >>"$data/postgresql.conf"
}

start() {
    "$1/pg_ctl" -D "$scratch/$2" -l "$scratch/$2.log" -w -s "${@:3}" start || { cat "$scratch/$2.log" >&2; return 1; }
}
stop() { "$1/pg_ctl" -D "$scratch/$2" -m fast -w -s stop; }

# poll DATABASE QUERY: until it gives t.
poll() {
    local try
    for ((try = 0; try < 600; ++try)); do
        [[ $(ask "$1" -c "$2" 2>/dev/null) != t ]] || return 0
        sleep 0.1
    done
    echo "still not: $2"
    return 1
}

# A database as an application and its administrator leave it, with one build done and one that waits.
fill() {
    ask postgres <<'SQL'
create role owner login;
create role app login;
create role reader nologin connection limit 40;
create database app owner owner;
create database "Größe ""x" owner owner;
alter database app set elile_optimize.slow_query_threshold = '5s';
alter role app set elile_optimize.environment = 'testing';
alter role app in database app set elile_optimize.track = 'all';
grant set on parameter elile_optimize.log_parameters to app;
SQL
    ask app -c 'set role owner' -f "$workload/schema.sql"
    ask app -v scale=0.02 -f "$workload/load.sql" >/dev/null
    ask app <<'SQL' 2>/dev/null
grant select on tenants to app;
create extension elile_optimize;
grant execute on function elile_optimize.record_db_query(text, text, double precision) to app;
grant execute on function elile_optimize.reset() to reader with grant option;
revoke select on elile_optimize.pool_advice from public;
grant select on elile_optimize.index_build_journal to reader;
create view mine as select total_queries from elile_optimize.summary;
create materialized view kept as select name, state from elile_optimize.index_status;
SQL
    ask 'Größe "x' -c "create extension elile_optimize version '1.0'"
    ask postgres -c 'create extension elile_optimize'
    ask app -c "select elile_optimize.apply_preset('development', 'app', 'app', lock_timeout_ms => 7000)" >/dev/null
    ask app -c "begin; select elile_optimize.build_indexes(array['$queued', '$built']);
        update elile_optimize.index_build_journal set not_before = 'infinity' where name = '$queued'; commit" >/dev/null
    poll app "select state = 'done' from elile_optimize.index_builds where name = '$built'"
}

# What must be the same afterwards, by name, in one order.
describe() {
    ask "$1" <<'SQL' | LC_ALL=C sort
select 'extension', extname, extversion, extowner::regrole, extnamespace::regnamespace
from pg_extension where extname = 'elile_optimize';
select 'member', pg_describe_object(classid, objid, 0) from pg_depend
where refclassid = 'pg_extension'::regclass and deptype = 'e'
  and refobjid = (select oid from pg_extension where extname = 'elile_optimize')
  and classid <> 'pg_type'::regclass;
select 'rights', p.oid::regprocedure, a.grantor::regrole, a.grantee::regrole, a.privilege_type, a.is_grantable
from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
where p.pronamespace = 'elile_optimize'::regnamespace;
select 'rights', c.oid::regclass, a.grantor::regrole, a.grantee::regrole, a.privilege_type, a.is_grantable
from pg_class c, aclexplode(c.relacl) a
where c.relnamespace = 'elile_optimize'::regnamespace and a.privilege_type <> 'MAINTAIN';
select 'column', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'elile_optimize'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0;
select 'comment', d.classoid::regclass, d.objsubid, d.description from pg_description d
where d.description is not null and (d.classoid, d.objoid) in (select classid, objid from pg_depend
    where refclassid = 'pg_extension'::regclass and deptype = 'e');
select 'setting', d.datname, r.rolname, unnest(s.setconfig) from pg_db_role_setting s
left join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole;
select 'parameter', parname, a.grantee::regrole, a.privilege_type
from pg_parameter_acl, aclexplode(paracl) a;
select 'role', oid, rolname, rolconnlimit from pg_roles where oid >= 16384 or rolname = 'postgres';
select 'database', oid, datname from pg_database where oid >= 16384;
SQL
}

# The journal names tables by oid, which pg_upgrade keeps.
describe_journal() {
    ask app -c 'table elile_optimize.index_build_journal order by id' \
        -c "select oid, relname from pg_class where relname in ('entities', '$built') order by 2"
}

differs_in_nothing() { diff "$scratch/$1" <("${@:2}"); }

# Asks one thing again and again, as an application that connects anew after each error.
run_client() {
    while :; do
        if "$new_bin/psql" -XqAt -h "$scratch" -p "$port" -U app -d app -c 'select count(*) > 0 from tenants' 2>&1; then
            :
        fi
        sleep 0.1
    done >"$scratch/client.out"
}

# What an application sees while there is no server, and nothing else.
client_saw_no_error() {
    ! grep -vE '^t$|^$|No such file or directory|Connection refused|Is the server running|the database system is' \
        "$scratch/client.out" |
        grep -vE 'terminating connection|server closed the connection|This probably means|before or while processing|connection to server was lost'
}

# run_pg_upgrade NAME OPTION...: from the old cluster to a new one of that name.
run_pg_upgrade() {
    local name=$1
    shift
    (cd "$scratch" && "$new_bin/pg_upgrade" --no-sync -b "$old_bin" -B "$new_bin" -d "$scratch/old" -D "$scratch/$name" \
        -U postgres -s "$scratch" "$@")
}

logged_nothing_of_ours() {
    local logs=("$scratch/$1"/pg_upgrade_output.d/*/log/*server*.log)
    [[ -f ${logs[0]} ]] || { echo "no log of a server"; return 1; }
    ! grep -hE '(LOG|WARNING|ERROR|FATAL|PANIC):' "${logs[@]}" | grep -v 'LOG:  statement:' | grep elile_optimize
}

answers() {
    local view views
    views=$(ask "$1" -c "select viewname from pg_views where schemaname = 'elile_optimize' order by 1")
    (($(wc -l <<<"$views") >= 13)) || { echo "few views: $views"; return 1; }
    for view in $views; do
        ask "$1" -c "select count(*) from elile_optimize.$view" >/dev/null || return
    done
    ask "$1" -c "select elile_optimize.percentile(1, 0.5), elile_optimize.pool_config('testing')" >/dev/null
}

is_counted() {
    ask app -c 'select count(*) from entity_profiles' >/dev/null &&
        poll app "select calls > 0 from elile_optimize.table_operations where table_name = 'entity_profiles' and operation = 'select'"
}

updates() {
    ask 'Größe "x' -c 'alter extension elile_optimize update' 2>/dev/null &&
        [[ $(ask 'Größe "x' -c "select extversion from pg_extension where extname = 'elile_optimize'") == 1.1 ]] &&
        answers 'Größe "x'
}

# restores DUMP DATABASE: a dump without an error, and the same extension in it. Builds are the other server's.
restores() {
    ask postgres -c "create database \"$2\" owner owner" &&
        ask "$2" -f "$1" >/dev/null && answers "$2" &&
        diff <(describe app | grep -E '^(extension|member|column|rights)') \
            <(describe "$2" | grep -E '^(extension|member|column|rights)') &&
        [[ $(ask "$2" -c 'select count(*) from elile_optimize.index_builds') == 0 ]] &&
        [[ $(ask "$2" -c "select state from elile_optimize.index_status where name = '$built'") == present ]]
}

# But that it was stopped, and who came too early.
log_has_no_error() {
    ! grep -E '(ERROR|FATAL|PANIC|WARNING):' "$scratch/$1.log" |
        grep -vE 'FATAL:  (the database system is|terminating connection due to administrator command)'
}

# check_upgraded NAME: the new cluster, first while nobody of ours can change anything.
check_upgraded() {
    local name=$1
    start "$new_bin" "$name" -o '-c shared_preload_libraries='
    check "$name: extension, members, rights, settings and oids are as before" differs_in_nothing app describe app
    check "$name: in a database with the objects of 1.0 too" differs_in_nothing app-1.0 describe 'Größe "x'
    check "$name: the journal is as before" differs_in_nothing journal describe_journal
    stop "$new_bin" "$name"
    start "$new_bin" "$name"
    check "$name: the queued build is built" poll app "select state = 'done' and attempts = 1 and
        started_at > pg_postmaster_start_time() from elile_optimize.index_builds where name = '$queued'"
    check "$name: both indexes are there and valid" poll app "select count(*) = 2 and
        bool_and((select indisvalid from pg_index where indexrelid = index_oid))
        from elile_optimize.index_status where state = 'present'"
    check "$name: views answer" answers app
    check "$name: the extension is ready" poll app "select state = 'ready' from elile_optimize.info"
    check "$name: executions are counted" is_counted
    check "$name: a right that was granted still holds" ask app -c 'set role app' \
        -c "select elile_optimize.record_db_query('select', 'entities', 1)"
    check "$name: the user's view answers" ask app -c 'table mine' -c 'refresh materialized view kept'
    check "$name: 1.0 is updated" updates
}

make_cluster "$old_bin" old
start "$old_bin" old
fill
describe app >"$scratch/app"
describe 'Größe "x' >"$scratch/app-1.0"
"$new_bin/pg_dump" -h "$scratch" -p "$port" -U postgres -f "$scratch/old.sql" app
run_client &
client=$!
poll app "select calls > 0 from elile_optimize.table_operations where table_name = 'tenants' and operation = 'select'"
stop "$old_bin" old

# The build becomes due while nobody of ours can see it.
start "$old_bin" old -o "-c shared_preload_libraries="
ask app -c "update elile_optimize.index_build_journal set not_before = '-infinity' where state = 'queued'"
describe_journal >"$scratch/journal"
stop "$old_bin" old

make_cluster "$new_bin" copied
check "pg_upgrade --check finds nothing to say" run_pg_upgrade copied --check
check "pg_upgrade runs" run_pg_upgrade copied --retain
check "in its servers' logs is nothing of ours" logged_nothing_of_ours copied
check_upgraded copied
check "the client goes on" poll app "select count(*) >= 0 from tenants"
"$new_bin/pg_dump" -h "$scratch" -p "$port" -U postgres -f "$scratch/new.sql" app
check "the old server's dump is restored" restores "$scratch/old.sql" "from old"
check "the new server's dump is restored" restores "$scratch/new.sql" "from new"
check "the new server has logged no error" log_has_no_error copied
kill "$client"
wait "$client" 2>/dev/null || true
client=
check "the client saw no error but that no server was there" client_saw_no_error
sort "$scratch/client.out" | sed "s,$scratch,...,g; s/process ID [0-9]*/process ID N/" | uniq -c | sort -rn | sed 's/^/# client: /'
stop "$new_bin" copied

make_cluster "$new_bin" linked
check "pg_upgrade --link runs" run_pg_upgrade linked --link --retain
check_upgraded linked
stop "$new_bin" linked
exit "$failed"
