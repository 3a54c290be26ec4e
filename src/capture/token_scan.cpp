#include "capture/token_scan.hpp"

#include "capture/value_names.hpp"
#include "core/shared/text_pool.hpp"
#include "pg/guard.hpp"
#include "pg/scanner.hpp"

namespace elile::capture {
namespace {

bool IsLiteral(int token) {
    switch (token) {
        case pg::kTokenFconst:
        case pg::kTokenSconst:
        case pg::kTokenUsconst:
        case pg::kTokenBconst:
        case pg::kTokenXconst:
        case pg::kTokenIconst:
            return true;
        default:
            return false;
    }
}

// A literal keeps at least two bytes ("$1") of its own, any other token all of them.
Size KeptOf(const Piece& piece) {
    return piece.literal ? 2 : static_cast<Size>(piece.end - piece.begin);
}

// The tokens surely cover all that is asked for.
bool IsFull(const Scan& scan) { return !scan.how.whole && scan.kept > core::kMaxTextBytes; }

Scan NewScan(const ScanHow& how) {
    constexpr int kRoom = 64;
    return {how, static_cast<Piece*>(palloc(sizeof(Piece) * kRoom)), 0, kRoom, 0, 0, 0, 0};
}

void AddPiece(Scan* scan, const Piece& piece) {
    if (scan->count == scan->room) {
        scan->room *= 2;
        scan->pieces = static_cast<Piece*>(
            repalloc_huge(scan->pieces, sizeof(Piece) * static_cast<Size>(scan->room)));
    }
    scan->pieces[scan->count++] = piece;
    scan->literals += piece.literal ? 1 : 0;
    scan->kept += KeptOf(piece);
}

// Adds the tokens of a text that is `offset` bytes into the statement, and so many more when they
// cover what is asked for. The scanner ends each token with a zero byte in its buffer until the
// next call, which gives the token's end.
void ReadTokens(const char* text, int offset, int more, Scan* scan) {
    core_yy_extra_type extra;
    core_yyscan_t scanner = pg::StartScanner(text, &extra);
    pg::ReadStrings(&extra, scan->how.conforming);
    core_YYSTYPE value;
    while (!IsFull(*scan) || more-- > 0) {
        const int token = core_yylex(&value, &scan->begun, scanner);
        if (token == 0) {
            break;
        }
        const int begin = scan->begun + offset;
        const int end = begin + static_cast<int>(strlen(extra.scanbuf + scan->begun));
        AddPiece(scan, {begin, end, IsLiteral(token), token == pg::kTokenParam ? value.ival : 0});
    }
    scanner_finish(scanner);
}

// Takes the scan back to what it was when it had so many pieces.
void DropFrom(Scan* scan, int count) {
    while (scan->count > count) {
        const Piece& piece = scan->pieces[--scan->count];
        scan->literals -= piece.literal ? 1 : 0;
        scan->kept -= KeptOf(piece);
    }
}

// Leaves the first tokens that cover what is asked for, also where a part had more of them.
void Finish(const char* statement, Scan* scan) {
    for (Scan shorter = *scan; IsFull(shorter); DropFrom(&shorter, shorter.count - 1)) {
        *scan = shorter;
    }
    while (scan->count > 0 && statement[scan->pieces[scan->count - 1].begin] == ';') {
        --scan->count;
    }
    for (int at = 0; at < scan->count; ++at) {
        scan->highest_parameter = Max(scan->highest_parameter, scan->pieces[at].parameter);
    }
    MarkValueNames(statement, scan);
}

// Each of these returns what lies behind the string or comment that begins at `at`, or null where
// only the scanner can tell.

const char* Find(const char* at, const char* end, const char* mark, Size length) {
    return static_cast<const char*>(memmem(at, static_cast<Size>(end - at), mark, length));
}

// Comments nest.
const char* AfterComment(const char* at, const char* end) {
    int depth = 0;
    for (const char* star = Find(at, end, "*", 1); star != nullptr; star = Find(at, end, "*", 1)) {
        const bool opens = star > at && star[-1] == '/';
        const bool closes = !opens && star + 1 < end && star[1] == '/';
        depth += opens ? 1 : closes ? -1 : 0;
        at = star + (closes ? 2 : 1);
        if (depth == 0) {
            return at;
        }
    }
    return nullptr;
}

// A string goes on behind white space with a line break in it, and comments may lie between.
const char* AfterString(const char* at, const char* end) {
    const char* quote = at;
    do {
        quote = Find(quote + 1, end, "'", 1);
    } while (quote != nullptr && quote + 1 < end && quote[1] == '\'' && ++quote != nullptr);
    const char* behind = quote != nullptr ? quote + 1 : end;
    while (behind < end && scanner_isspace(*behind)) {
        ++behind;
    }
    const bool may_go_on =
        behind < end &&
        (*behind == '\'' || (*behind == '-' && behind + 1 < end && behind[1] == '-'));
    return quote != nullptr && !may_go_on ? quote + 1 : nullptr;
}

const char* AfterDollars(const char* at, const char* end) {
    const char* second = Find(at + 1, end, "$", 1);
    if (second == nullptr) {
        return nullptr;
    }
    const auto mark = static_cast<Size>(second + 1 - at);
    const char* closing = Find(second + 1, end, at, mark);
    return closing != nullptr ? closing + mark : nullptr;
}

// Passes over what the scanner did not come to the end of. Returns where to go on, or null.
const char* Skip(const char* statement, const char* at, const char* end, Scan* scan) {
    const char second = at + 1 < end ? at[1] : '\0';
    if (*at == '/' && second == '*') {
        return AfterComment(at, end);
    }
    const char* behind = nullptr;
    if (*at == '\'' && scan->how.conforming) {
        behind = AfterString(at, end);
    } else if (*at == '$' && (second < '0' || second > '9')) {
        behind = AfterDollars(at, end);
    }
    if (behind != nullptr) {
        AddPiece(scan,
                 {static_cast<int>(at - statement), static_cast<int>(behind - statement), true, 0});
    }
    return behind;
}

// Reads a part of the statement that is not its last. Its last two tokens are left to the next
// part: what the part ends in, and a string that goes on behind it ("U&'", or a string and half of
// "--"). Returns where to go on; null where it came no further.
const char* ReadPart(const char* statement, const char* at, int length, const char* end,
                     Scan* scan) {
    constexpr int kLeft = 2;
    const int before = scan->count;
    scan->begun = 0;
    if (!pg::InMemory([&] {
            ReadTokens(pnstrdup(at, static_cast<Size>(length)), static_cast<int>(at - statement),
                       kLeft, scan);
        })) {
        const char* behind = Skip(statement, at + scan->begun, end, scan);
        return behind != nullptr ? behind : scan->begun > 0 ? at + scan->begun : nullptr;
    }
    const bool has_come_on = scan->count - before > kLeft;
    const int kept = has_come_on ? scan->count - kLeft : before;
    const char* next = has_come_on ? statement + scan->pieces[kept].begin : nullptr;
    DropFrom(scan, kept);
    return next;
}

}  // namespace

Scan ScanTokens(const char* statement, const ScanHow& how) {
    Scan scan = NewScan(how);
    ReadTokens(statement, 0, 0, &scan);
    Finish(statement, &scan);
    return scan;
}

Scan ScanLongStatement(const char* statement, int length, const ScanHow& how) {
    constexpr int kPartBytes = 16384;
    Scan scan = NewScan(how);
    const char* const end = statement + length;
    for (const char* at = statement; at != nullptr && at < end && !IsFull(scan);) {
        const char* next = nullptr;
        if (end - at > kPartBytes) {
            const int part = pg_mbcliplen(at, static_cast<int>(end - at), kPartBytes);
            next = ReadPart(statement, at, part, end, &scan);
        }
        if (next == nullptr) {
            ReadTokens(pnstrdup(at, static_cast<Size>(end - at)), static_cast<int>(at - statement),
                       0, &scan);
            next = end;
        }
        at = next;
    }
    Finish(statement, &scan);
    return scan;
}

}  // namespace elile::capture
