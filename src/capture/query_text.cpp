#include "capture/query_text.hpp"

#include <algorithm>

#include "capture/string_reading.hpp"
#include "capture/token_scan.hpp"
#include "core/shared/text_pool.hpp"
#include "pg/guard.hpp"

namespace elile::capture {
namespace {

// From here on a statement is not scanned as a whole.
constexpr Size kLongStatementBytes = 65536;

// Writes text of bounded length and drops what does not fit.
class Writer {
public:
    explicit Writer(Size room) : data_(static_cast<char*>(palloc(room))), room_(room) {}

    void Append(const char* text, Size length) {
        length = Min(length, room_ - length_);
        memcpy(data_ + length_, text, length);
        length_ += length;
    }
    void AppendParameter(int number) {
        char text[1 + kMostDigits] = {'$'};
        Append(text, 1 + static_cast<Size>(pg_ultoa_n(static_cast<uint32>(number), text + 1)));
    }
    const char* Data() const { return data_; }
    Size Length() const { return length_; }

    static constexpr Size kMostDigits = 10;

private:
    char* data_;
    Size room_;
    Size length_ = 0;
};

// Only white space and comments lie between two tokens.
bool HasComment(const char* gap, int length) {
    for (int at = 0; at < length; ++at) {
        if (gap[at] != ' ' && !scanner_isspace(gap[at])) {
            return true;
        }
    }
    return false;
}

// Whether the byte would go on what is written in front of it: a name, a key word or a number.
bool GoesOn(char byte) {
    return IS_HIGHBIT_SET(byte) || byte == '_' || byte == '$' || (byte >= '0' && byte <= '9') ||
           (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// A literal ends where the next token begins, as in 'a'and, and so may one token and a literal, as
// in date'1.1.1970'. A parameter would be one token with either.
bool MeetsNext(const char* statement, const Scan& scan, const Piece* piece) {
    const Piece* next = piece + 1;
    return next != scan.pieces + scan.count && next->begin == piece->end && !next->literal &&
           GoesOn(statement[next->begin]) && next->parameter == 0;
}
bool MeetsLast(const char* statement, const Scan& scan, const Piece* piece) {
    const Piece* last = piece - 1;
    return piece != scan.pieces && last->end == piece->begin && !last->literal &&
           last->parameter == 0 && GoesOn(statement[last->end - 1]);
}

// Copies all but literals and comments as it was written, in runs as long as possible.
void Compose(const char* statement, const Scan& scan, Writer* out) {
    int next = scan.highest_parameter;
    int run = scan.count > 0 ? scan.pieces[0].begin : 0;
    int end = run;
    for (const Piece* piece = scan.pieces; piece != scan.pieces + scan.count; ++piece) {
        if (HasComment(statement + end, piece->begin - end)) {
            out->Append(statement + run, static_cast<Size>(end - run));
            out->Append(" ", 1);
            run = piece->begin;
        }
        if (piece->literal) {
            out->Append(statement + run, static_cast<Size>(piece->begin - run));
            out->Append(" ", MeetsLast(statement, scan, piece) ? 1 : 0);
            out->AppendParameter(++next);
            out->Append(" ", MeetsNext(statement, scan, piece) ? 1 : 0);
            run = piece->end;
        }
        end = piece->end;
    }
    out->Append(statement + run, static_cast<Size>(end - run));
}

char* CopyStatement(const char* source, int location, int length) {
    const char* begin = location > 0 ? source + location : source;
    return length > 0 ? pnstrdup(begin, static_cast<Size>(length)) : pstrdup(begin);
}

constexpr char kUnreadable[] = "(text not shown: its strings can be read in two ways)";

ScanHow HowToScan(StringReading reading, bool whole) {
    return {reading == StringReading::kConforming, whole};
}

// Blanks, comments and the case of what is no quoted name make no difference.
uint64 Hash(const char* statement, const Scan& scan) {
    StringInfoData tokens;
    initStringInfo(&tokens);
    for (const Piece* piece = scan.pieces; piece != scan.pieces + scan.count; ++piece) {
        const char* begin = statement + piece->begin;
        if (piece->literal) {
            appendStringInfoChar(&tokens, '\'');
        } else if (*begin == '"') {
            appendBinaryStringInfo(&tokens, begin, piece->end - piece->begin);
        } else {
            for (const char* at = begin; at != statement + piece->end; ++at) {
                appendStringInfoCharMacro(
                    &tokens, static_cast<char>(pg_ascii_tolower(static_cast<unsigned char>(*at))));
            }
        }
        appendStringInfoChar(&tokens, '\0');
    }
    const uint64 hash =
        hash_bytes_extended(reinterpret_cast<const unsigned char*>(tokens.data), tokens.len, 0);
    return hash != 0 ? hash : 1;
}

QueryText Normalise(const char* statement, StringReading reading) {
    const Scan scan = ScanTokens(statement, HowToScan(reading, false));
    constexpr Size kMost = core::kMaxTextBytes + MAX_MULTIBYTE_CHAR_LEN;
    constexpr Size kMostOfParameter = 3 + Writer::kMostDigits;  // a blank, $, digits, a blank
    Writer out(Min(strlen(statement) + scan.literals * kMostOfParameter, kMost));
    Compose(statement, scan, &out);
    const bool cut = out.Length() > core::kMaxTextBytes;
    const auto kept = static_cast<uint32>(out.Length());
    return {out.Data(),
            cut ? static_cast<uint32>(
                      pg_mbcliplen(out.Data(), static_cast<int>(kept), core::kMaxTextBytes))
                : kept,
            cut};
}

Values ListValues(const char* statement, const Scan& scan, int offset) {
    auto* list = static_cast<Value*>(palloc(sizeof(Value) * (static_cast<Size>(scan.count) + 1)));
    int count = 0;
    int literals = scan.highest_parameter;
    for (int at = 0; at < scan.count; ++at) {
        const Piece& piece = scan.pieces[at];
        if (piece.literal || piece.parameter != 0) {
            const bool negative = at > 0 && statement[scan.pieces[at - 1].begin] == '-';
            const int signed_begin = negative ? scan.pieces[at - 1].begin : piece.begin;
            list[count++] = {piece.begin + offset, piece.end + offset, signed_begin + offset,
                             piece.literal ? ++literals : piece.parameter, piece.literal};
        }
    }
    return {list, count, literals};
}

}  // namespace

QueryText NormaliseQuery(const char* source, int location, int length) {
    QueryText text{kUnreadable, sizeof(kUnreadable) - 1, false};
    const char* statement = CopyStatement(source, location, length);
    const StringReading reading = ReadingOf(statement, strlen(statement));
    if (reading != StringReading::kUnknown) {
        // The scanner's complaints were already reported when the statement was parsed.
        pg::InMemory([&] { text = Normalise(statement, reading); });
    }
    return text;
}

uint64 HashTokens(const char* source, int location, int length) {
    uint64 hash = 0;
    const char* statement = CopyStatement(source, location, length);
    const StringReading reading = ReadingOf(statement, strlen(statement));
    if (reading != StringReading::kUnknown) {
        pg::InMemory(
            [&] { hash = Hash(statement, ScanTokens(statement, HowToScan(reading, true))); });
    }
    return hash;
}

Values FindValues(const char* source, int location, int length) {
    Values values{nullptr, 0, 0};
    const char* begin = source + Max(location, 0);
    const Size bytes = length > 0 ? static_cast<Size>(length) : strlen(begin);
    const StringReading reading = ReadingOf(begin, bytes);
    if (reading == StringReading::kUnknown) {
        return values;
    }
    const ScanHow how = HowToScan(reading, false);
    pg::InMemory([&] {
        const Scan scan = bytes > kLongStatementBytes
                              ? ScanLongStatement(begin, static_cast<int>(bytes), how)
                              : ScanTokens(CopyStatement(source, location, length), how);
        values = ListValues(begin, scan, Max(location, 0));
    });
    return values;
}

int Values::NumberAt(int location) const {
    const Value* end = list + count;
    const Value* found = std::lower_bound(
        list, end, location, [](const Value& value, int wanted) { return value.begin < wanted; });
    // The node of a literal may begin at its sign.
    return found != end && (found->begin == location || found->signed_begin == location)
               ? found->number
               : 0;
}

}  // namespace elile::capture
