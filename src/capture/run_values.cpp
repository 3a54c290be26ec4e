#include "capture/run_values.hpp"

#include "capture/comparable.hpp"
#include "capture/query_text.hpp"

namespace elile::capture {
namespace {

constexpr Size kMostValueBytes = 256;
constexpr Size kMostTextBytes = 4096;
constexpr Size kTailBytes = 1024;
// Longer texts are not scanned: clients prepare them, to save just that on each run.
constexpr Size kMostScannedBytes = 65536;

struct TypeLayout {
    Oid type;
    int16 length;  // -1 varlena, -2 a string that ends with a zero
    bool by_value;
};

const TypeLayout& LayoutOf(Oid type) {
    constexpr uint32 kKnownTypes = 64;  // a power of two
    static TypeLayout known[kKnownTypes];
    TypeLayout& layout = known[type & (kKnownTypes - 1)];
    if (layout.type != type) {
        layout.type = InvalidOid;
        get_typlenbyval(type, &layout.length, &layout.by_value);
        layout.type = type;
    }
    return layout;
}

uint64 HashBytes(const void* bytes, Size length, uint64 seed) {
    return hash_bytes_extended(static_cast<const unsigned char*>(bytes), static_cast<int>(length),
                               seed);
}

Size LengthOf(const TypeLayout& layout, const char* value) {
    if (layout.length == -1) {
        return VARATT_IS_EXTERNAL(value) ? 0 : VARSIZE_ANY(value);
    }
    return layout.length == -2 ? strnlen(value, kMostValueBytes) : static_cast<Size>(layout.length);
}

uint64 HashParameter(const ParamExternData& parameter, uint64 seed) {
    if (parameter.isnull || !OidIsValid(parameter.ptype)) {
        return HashBytes(&parameter.isnull, sizeof(parameter.isnull), seed);
    }
    const TypeLayout& layout = LayoutOf(parameter.ptype);
    if (layout.by_value) {
        return HashBytes(&parameter.value, sizeof(parameter.value), seed);
    }
    const auto* value = static_cast<const char*>(DatumGetPointer(parameter.value));
    return HashBytes(value, Min(LengthOf(layout, value), kMostValueBytes), seed);
}

// Counts the parameters that a client bound. Others come from a procedural language, in which
// nothing is at top level.
int BoundParameters(const QueryDesc& query) {
    const ParamListInfo parameters = query.params;
    return parameters != nullptr && parameters->paramFetch == nullptr ? parameters->numParams : 0;
}

Size TextLength(const QueryDesc& query, const char* text) {
    const int length = query.plannedstmt->stmt_len;
    return length > 0 ? static_cast<Size>(length) : strlen(text);
}

constexpr char kSpace[] = " \t\r\n\f\v";

bool IsOneOf(char character, const char* set) {
    return character != '\0' && strchr(set, character) != nullptr;
}

// Whether the text between two values holds a comma and at most the first one's type, or the
// brackets of two rows.
bool IsNext(const char* from, const char* to) {
    int commas = 0;
    bool has_word = false;
    bool has_bracket = false;
    for (; from < to; ++from) {
        commas += *from == ',' ? 1 : 0;
        has_bracket = has_bracket || IsOneOf(*from, "()");
        has_word = has_word || isalnum(static_cast<unsigned char>(*from)) != 0;
        if (!isalnum(static_cast<unsigned char>(*from)) && !IsOneOf(*from, ",()[]:_") &&
            !IsOneOf(*from, kSpace)) {
            return false;
        }
    }
    return commas == 1 && !(has_word && has_bracket);
}

// Whether a value is the first in IN (...), ANY (...) or ARRAY[...].
bool OpensList(const char* begin, const char* value, bool* is_any) {
    const char* at = value;
    while (at > begin && (IsOneOf(at[-1], "([") || IsOneOf(at[-1], kSpace))) {
        --at;
    }
    const auto follows = [&](const char* word) {
        const auto length = static_cast<ptrdiff_t>(strlen(word));
        return at - begin >= length && pg_strncasecmp(at - length, word, strlen(word)) == 0 &&
               (at - begin == length || IsOneOf(at[-length - 1], kSpace) ||
                IsOneOf(at[-length - 1], "=<>!(~"));
    };
    *is_any = follows("any");
    return at != value && (*is_any || follows("in") || follows("array"));
}

// Looks for the pair's first character alone first, for it is seldom there.
bool Has(const char* text, Size length, const char* pair) {
    return memchr(text, pair[0], length) != nullptr && memmem(text, length, pair, 2) != nullptr;
}

// Comments may differ with each run, by the number of a trace for one. So they are no part of the
// hash.
uint64 HashText(const QueryDesc& query) {
    const char* text = query.sourceText + Max(query.plannedstmt->stmt_location, 0);
    const Size length = TextLength(query, text);
    if (length > kMostScannedBytes || (!Has(text, length, "/*") && !Has(text, length, "--"))) {
        const Size tail = length > kMostTextBytes ? Min(length - kMostTextBytes, kTailBytes) : 0;
        return HashBytes(text + length - tail, tail,
                         HashBytes(text, Min(length, kMostTextBytes), length));
    }
    const char* source = query.sourceText;
    const Values values =
        FindValues(source, query.plannedstmt->stmt_location, query.plannedstmt->stmt_len);
    uint64 hash = 0;
    for (int at = 0; at < values.count; ++at) {
        const Value& value = values.list[at];
        if (value.is_literal) {
            hash = HashBytes(source + value.begin, static_cast<Size>(value.end - value.begin),
                             hash + 1);
        }
    }
    return hash;
}

// Whether the text has the word, perhaps as a part of another one.
bool HasWord(const char* text, Size length, const char* word) {
    const Size letters = strlen(word);
    for (Size at = 0; at + letters <= length; ++at) {
        if ((text[at] | 0x20) == word[0] && pg_strncasecmp(text + at, word, letters) == 0) {
            return true;
        }
    }
    return false;
}

// Tells how a value is used by what stands before it: an order's operator, or a word that counts
// rows.
core::RunValue::Use UseOf(const char* begin, const char* value) {
    const char* at = value;
    const auto is_word = [](char character) {
        return isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
    };
    const auto skip_space = [&] {
        while (at > begin && IsOneOf(at[-1], kSpace)) {
            --at;
        }
    };
    skip_space();
    while (at > begin && at[-1] == '(') {
        --at;
        while (at > begin && is_word(at[-1])) {
            --at;
        }
        skip_space();
    }
    const char* end = at;
    while (at > begin && IsOneOf(at[-1], "<>=+-*/~!@#%^&|`?")) {
        --at;
    }
    const auto length = static_cast<Size>(end - at);
    if ((length == 1 || (length == 2 && at[1] == '=')) && IsOneOf(at[0], "<>")) {
        return core::RunValue::Use::kBound;
    }
    while (at > begin && is_word(at[-1])) {
        --at;
    }
    for (const char* word : {"limit", "offset", "next", "first"}) {
        if (static_cast<Size>(end - at) == strlen(word) &&
            pg_strncasecmp(at, word, strlen(word)) == 0) {
            return core::RunValue::Use::kPlace;
        }
    }
    return core::RunValue::Use::kAny;
}

// Whether the statement computes something from the value, as md5('a' || $1) does: then the value
// itself is no key. A cast and the brackets of a list compute nothing.
bool IsComputedFrom(const char* begin, const char* value) {
    const auto is_word = [](char character) {
        return isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
    };
    const char* at = value;
    while (at > begin && (IsOneOf(at[-1], kSpace) || at[-1] == '(')) {
        const bool opens = *--at == '(';
        const char* end = at;
        while (opens && at > begin && is_word(at[-1])) {
            --at;
        }
        const auto is = [at, end](const char* word) {
            return static_cast<Size>(end - at) == strlen(word) &&
                   pg_strncasecmp(at, word, strlen(word)) == 0;
        };
        if (at != end && opens && !is("cast") && !is("in") && !is("any") && !is("all") &&
            !is("some") && !is("values") && !is("row") && !is("where") && !is("and") && !is("or") &&
            !is("not")) {
            return true;
        }
    }
    return at > begin && IsOneOf(at[-1], "|+*/%");
}

// Goes over the values of one text in their order.
struct Reader {
    const QueryDesc& query;
    const char* source;
    const char* text;
    const Values& values;
    bool goes_on = false;  // the last value is in a list that this one is in too
    core::RunValue::Use use = core::RunValue::Use::kAny;

    void Read(int at, core::TextValues* found) {
        const Value& value = values.list[at];
        bool is_any = false;
        const bool is_inside = goes_on || OpensList(source, source + value.signed_begin, &is_any);
        const bool was_inside = goes_on;
        const bool follows_comma =
            at > 0 && IsNext(source + values.list[at - 1].end, source + value.signed_begin);
        goes_on = is_inside && at + 1 < values.count &&
                  IsNext(source + value.end, source + values.list[at + 1].signed_begin);
        // Of (a, b) > ($1, $2) all have the operator.
        use = follows_comma ? use : UseOf(text, source + value.signed_begin);
        Keep(value, found);
        // A single key in brackets is no list.
        if (!was_inside && !goes_on && !(is_any && value.is_literal)) {
            return;
        }
        if (value.is_literal) {
            found->lists = HashBytes(source + value.begin,
                                     static_cast<Size>(value.end - value.begin), found->lists + 1);
        } else if (value.number >= 1 && value.number <= BoundParameters(query)) {
            found->lists = HashParameter(query.params->params[value.number - 1], found->lists + 1);
        }
    }

private:
    void Keep(const Value& value, core::TextValues* found) const {
        for (core::RunValue& known : found->each.All()) {
            if (known.number == static_cast<uint32>(value.number)) {
                known.use = use;
                known.is_comparable =
                    known.is_comparable && !IsComputedFrom(text, source + value.signed_begin);
                return;
            }
        }
        if (!value.is_literal) {
            return;
        }
        core::RunValue literal;
        const char* begin = source + value.signed_begin;
        const auto length = static_cast<Size>(value.end - value.signed_begin);
        literal.number = static_cast<uint32>(value.number);
        literal.use = use;
        if (!HashLiteral(begin, length, &literal.hash)) {
            literal.hash = HashBytes(begin, length, 0);
        } else {
            literal.is_comparable = !IsComputedFrom(text, begin);
        }
        found->each.Add(literal);
    }
};

}  // namespace

uint64 HashValues(const QueryDesc& query) {
    uint64 hash = HashText(query);
    for (int at = 0; at < BoundParameters(query); ++at) {
        hash = HashParameter(query.params->params[at], hash);
    }
    return hash;
}

core::RunValues ReadParameters(const QueryDesc& query) {
    core::RunValues values;
    for (int at = 0; at < BoundParameters(query); ++at) {
        const ParamExternData& parameter = query.params->params[at];
        core::RunValue value;
        value.number = static_cast<uint32>(at) + 1;
        value.is_comparable =
            !parameter.isnull && OidIsValid(parameter.ptype) &&
            HashComparable(KindOf(parameter.ptype), parameter.ptype, parameter.value, &value.hash);
        if (!value.is_comparable) {
            value.hash = HashParameter(parameter, 0);
        }
        values.Add(value);
    }
    return values;
}

core::TextValues ReadText(const QueryDesc& query) {
    core::TextValues found;
    found.each = ReadParameters(query);
    for (int at = 0; at < BoundParameters(query); ++at) {
        const ParamExternData& parameter = query.params->params[at];
        if (OidIsValid(parameter.ptype) && OidIsValid(get_element_type(parameter.ptype))) {
            found.lists = HashParameter(parameter, found.lists + 1);
        }
    }
    const char* source = query.sourceText;
    const char* text = source + Max(query.plannedstmt->stmt_location, 0);
    const Size length = TextLength(query, text);
    if (length > kMostScannedBytes) {
        return found;
    }
    found.has_limit = HasWord(text, length, "limit") || HasWord(text, length, "fetch");
    const Values values =
        FindValues(source, query.plannedstmt->stmt_location, query.plannedstmt->stmt_len);
    Reader reader = {query, source, text, values};
    for (int at = 0; at < values.count; ++at) {
        reader.Read(at, &found);
    }
    return found;
}

}  // namespace elile::capture
