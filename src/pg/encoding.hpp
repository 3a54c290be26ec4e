// Copies texts out of the segment, in this database's encoding where another database left them.
#pragma once

#include "pg/postgres.hpp"

namespace elile::core {
class TextPool;
}

namespace elile::pg {

struct PooledText {
    char* text;  // palloc'd and terminated; null for none
    uint32 length;
    uint32 encoding;
};

PooledText CopyText(const core::TextPool& pool, uint32 id);
// Copies a text in this database's encoding; null for none.
const char* ReadText(const core::TextPool& pool, uint32 id);

// Returns a palloc'd string. What is no valid text of `encoding`, or has no counterpart here,
// becomes '?'. A reader of a view must not fail for what somebody else wrote.
char* ToDatabaseEncoding(const char* text, uint32 length, uint32 encoding);

// The same in UTF-8. It looks at no catalogue, so it may be called where no transaction is. What
// the system's library cannot convert becomes '?'.
char* ToUtf8(const char* text, uint32 length, uint32 encoding);

}  // namespace elile::pg
