-- Which indexes are needless, beside which, and which never are.
create schema spare;
set search_path = spare, public;
create table parent (id int primary key, code text, kind text, body jsonb, at timestamptz);
create unique index parent_id_again on parent (id);
create index parent_id_plain on parent (id desc);
create index parent_code on parent (code);
create index parent_code_kind on parent (code, kind);
create index parent_code_kind_reversed on parent (code desc, kind desc);
create index parent_code_mixed on parent (code, kind desc);
create index parent_partial on parent (code) where kind = 'a';
create index parent_partial_wider on parent (code, at) where kind = 'a';
create index parent_partial_other on parent (code) where kind = 'b';
create unique index parent_unique_code on parent (code);
create index parent_including on parent (kind) include (at);
create index parent_kind on parent (kind);
create index parent_c on parent (kind collate "C");
create index parent_gin on parent using gin (body);
create index parent_gin_again on parent using gin (body);
create index parent_gin_path on parent using gin (body jsonb_path_ops);
create index parent_lower on parent (lower(code));
create index parent_lower_again on parent (lower(code));
create index parent_hash on parent using hash (code);
create index parent_brin on parent using brin (at);
-- A foreign key refers to the one, the replica identity and CLUSTER name the others.
create table child (id int, parent_id int references parent (id), code text not null, other text);
create unique index child_identity on child (code);
create unique index child_identity_again on child (code);
create index child_clustered on child (parent_id);
create index child_clustered_wider on child (parent_id, other);
alter table child replica identity using index child_identity_again;
alter table child cluster on child_clustered;
create table ranges (during int4range, exclude using gist (during with &&));
create index ranges_plain on ranges using gist (during);
create table parts (id int, at int) partition by list (id);
create table part_1 partition of parts for values in (1);
create index parts_at on parts (at);
create index parts_at_id on parts (at, id);
select table_name, index_name, kept_index, kind, explanation from elile_optimize.redundant_indexes where schema_name = 'spare';

-- Storage options are part of what an index is where they change what it finds, and so are those of operator classes.
create table stored (id int, at timestamptz, a text, body jsonb, during int4range);
create index stored_brin on stored using brin (at);
create index stored_brin_128 on stored using brin (at) with (pages_per_range = 128);
create index stored_brin_auto on stored using brin (at) with (autosummarize = on);
create index stored_brin_16 on stored using brin (at) with (pages_per_range = 16);
create index stored_brin_16_auto on stored using brin (at) with (autosummarize = on, pages_per_range = 16);
create index stored_brin_32 on stored using brin (at) with (pages_per_range = 32);
create index stored_multi on stored using brin (id int4_minmax_multi_ops);
create index stored_multi_64 on stored using brin (id int4_minmax_multi_ops (values_per_range = 64));
create index stored_multi_64_32 on stored using brin (id int4_minmax_multi_ops (values_per_range = 64)) with (pages_per_range = 32);
create index stored_gin on stored using gin (body);
create index stored_gin_pending on stored using gin (body) with (fastupdate = off, gin_pending_list_limit = 128);
create index stored_gist on stored using gist (during);
create index stored_gist_full on stored using gist (during) with (buffering = on, fillfactor = 50);
create index stored_words on stored using gist (to_tsvector('simple', a));
create index stored_words_64 on stored using gist (to_tsvector('simple', a) tsvector_ops (siglen = 64));
create index stored_words_64_again on stored using gist (to_tsvector('simple', a) tsvector_ops (siglen = 64));
create index stored_btree on stored (id);
create index stored_btree_full on stored (id) with (fillfactor = 70);
create index stored_btree_each on stored (id) with (deduplicate_items = off);
create index stored_btree_wider on stored (id, a) with (fillfactor = 50);
create index stored_hash on stored using hash (id);
create index stored_hash_full on stored using hash (id) with (fillfactor = 30);
create index stored_spgist on stored using spgist (a);
create index stored_spgist_full on stored using spgist (a) with (fillfactor = 30);
select index_name, kept_index, kind from elile_optimize.redundant_indexes
where schema_name = 'spare' and table_name = 'stored' order by index_name;

-- The application's nineteenth.
create table cached_data_sources (freshness_status varchar(50), fresh_until timestamptz);
create index idx_cache_freshness on cached_data_sources (freshness_status, fresh_until);
create index idx_cache_freshness_until on cached_data_sources (freshness_status, fresh_until);
select index_name, kept_index, kind, explanation from elile_optimize.redundant_indexes where table_name = 'cached_data_sources';
-- One that is dropped makes the other needed.
drop index idx_cache_freshness;
select count(*) from elile_optimize.redundant_indexes where table_name = 'cached_data_sources';
-- The catalogue is everybody's, so no right on the tables is needed.
create role elile_looker;
set role elile_looker;
select count(*) > 10 as sees from elile_optimize.redundant_indexes where schema_name = 'spare';
reset role;
drop role elile_looker;
set client_min_messages = warning;
drop schema spare cascade;
