// Remembers which relations a session's knowledge rests on, and forgets it where one of them
// changes.
//
// The server tells each session of each change to a relation of its database, in the order of the
// commits, and a session of its own changes as it makes them or takes them back. What is looked up
// after a change is as new as that change.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// Begins to listen; once in a session, before it looks anything up.
void WatchCatalogue();

// How often this session was told of a change. What was looked up while it grew is not kept.
extern uint32 catalogue_changes;

// The statement at this place of those that the session knows rests on the relation.
void NoteRelation(Oid relid, uint32 place);
// A table's place in the directory rests on a relation that is its ancestor.
void NoteAncestor(Oid relid);
// Any table's name rests on the schema's.
void NoteSchema(Oid schema);

// Takes a relation whose name in the directory may be old. Returns InvalidOid when there is none.
Oid TakeDoubted();
void Doubt(Oid relid);

}  // namespace elile::capture
