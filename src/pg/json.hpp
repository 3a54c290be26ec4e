// Writes a JSON object member by member, behind what its text has already, in UTF-8.
//
// It is a plain value, so PostgreSQL's errors may jump over it. An inner object ends before the
// next member of the outer one begins.
#pragma once

#include "pg/encoding.hpp"
#include "pg/postgres.hpp"

namespace elile::pg {

class Json {
public:
    explicit Json(StringInfo out) : out_(out) { appendStringInfoChar(out_, '{'); }

    void Integer(const char* key, int64 value) {
        Key(key);
        appendStringInfo(out_, INT64_FORMAT, value);
    }
    void Count(const char* key, uint64 value) {
        Key(key);
        appendStringInfo(out_, UINT64_FORMAT, value);
    }
    void Double(const char* key, double value) {
        Key(key);
        appendStringInfo(out_, "%g", value);
    }
    void Milliseconds(const char* key, double value) {
        Key(key);
        appendStringInfo(out_, "%.3f", value);
    }
    // Writes the digits as a string, for a reader that takes numbers for doubles would round them.
    void Identifier(const char* key, uint64 value) {
        Key(key);
        appendStringInfo(out_, "\"" INT64_FORMAT "\"", static_cast<int64>(value));
    }
    void Boolean(const char* key, bool value) {
        Key(key);
        appendStringInfoString(out_, value ? "true" : "false");
    }
    // Takes a value in the database's encoding, unless another one is named.
    void String(const char* key, const char* value) {
        String(key, value, static_cast<uint32>(GetDatabaseEncoding()));
    }
    void String(const char* key, const char* value, uint32 encoding) {
        Key(key);
        char* utf8 = ToUtf8(value, static_cast<uint32>(strlen(value)), encoding);
        escape_json(out_, utf8);
        pfree(utf8);
    }
    Json Object(const char* key) {
        Key(key);
        return Json(out_);
    }
    void End() { appendStringInfoChar(out_, '}'); }

private:
    void Key(const char* key) {
        if (!first_) {
            appendStringInfoChar(out_, ',');
        }
        first_ = false;
        escape_json(out_, key);
        appendStringInfoChar(out_, ':');
    }

    StringInfo out_;
    bool first_ = true;
};

}  // namespace elile::pg
