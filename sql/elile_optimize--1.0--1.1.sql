-- elile_optimize 1.1: the index set. It makes no object of the extension's; the indexes are the user's.
\echo Use "ALTER EXTENSION elile_optimize UPDATE TO '1.1'" to load this file. \quit

select @extschema@.require_library('1.1');
select @extschema@.build_small_indexes();
