#include "capture/query_text.hpp"

#include "core/text_pool.hpp"
#include "pg/compat.hpp"

namespace elile::capture {
namespace {

constexpr char kUnreadable[] = "(text not shown: it does not scan under the session's settings)";

struct Piece {
    int begin;  // byte offsets of a token
    int end;
    bool literal;
};

struct Scan {
    Piece* pieces;
    int count;
    int highest_parameter;
};

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

// Scans until the text that will be kept is surely covered. The scanner ends each token with a
// zero byte in its buffer until the next call, which gives the token's end.
Scan ScanTokens(const char* statement) {
    core_yy_extra_type extra;
    core_yyscan_t scanner = scanner_init(statement, &extra, &ScanKeywords, ScanKeywordTokens);
    extra.escape_string_warning = false;
    int room = 64;
    Scan scan{static_cast<Piece*>(palloc(sizeof(Piece) * room)), 0, 0};
    Size kept = 0;
    for (;;) {
        core_YYSTYPE value;
        YYLTYPE begin = 0;
        const int token = core_yylex(&value, &begin, scanner);
        if (token == 0) {
            break;
        }
        const int end = begin + static_cast<int>(strlen(extra.scanbuf + begin));
        if (token == pg::kTokenParam) {
            scan.highest_parameter = Max(scan.highest_parameter, value.ival);
        }
        if (scan.count == room) {
            room *= 2;
            scan.pieces = static_cast<Piece*>(
                repalloc_huge(scan.pieces, sizeof(Piece) * static_cast<Size>(room)));
        }
        scan.pieces[scan.count++] = {begin, end, IsLiteral(token)};
        // A literal keeps at least two bytes ("$1") of its own, any other token all of them.
        kept += IsLiteral(token) ? 2 : static_cast<Size>(end - begin);
        if (kept > core::kMaxTextBytes) {
            break;
        }
    }
    scanner_finish(scanner);
    while (scan.count > 0 && statement[scan.pieces[scan.count - 1].begin] == ';') {
        --scan.count;
    }
    return scan;
}

// Between two tokens lie white space and comments. A gap without comment stays as it was written.
void AppendGap(StringInfo out, const char* gap, int length) {
    for (int at = 0; at < length; ++at) {
        if (!scanner_isspace(gap[at])) {
            appendStringInfoChar(out, ' ');
            return;
        }
    }
    appendBinaryStringInfo(out, gap, length);
}

void Compose(StringInfo out, const char* statement, const Scan& scan) {
    int next = scan.highest_parameter;
    for (int at = 0; at < scan.count; ++at) {
        const Piece& piece = scan.pieces[at];
        if (at > 0) {
            const int gap_begin = scan.pieces[at - 1].end;
            AppendGap(out, statement + gap_begin, piece.begin - gap_begin);
        }
        if (piece.literal) {
            appendStringInfo(out, "$%d", ++next);
        } else {
            appendBinaryStringInfo(out, statement + piece.begin, piece.end - piece.begin);
        }
    }
}

char* CopyStatement(const char* source, int location, int length) {
    const char* begin = location > 0 ? source + location : source;
    return length > 0 ? pnstrdup(begin, static_cast<Size>(length)) : pstrdup(begin);
}

}  // namespace

QueryText NormaliseQuery(const char* source, int location, int length) {
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext scratch =
        AllocSetContextCreate(caller, "elile_optimize query text", ALLOCSET_DEFAULT_SIZES);
    StringInfoData out;
    initStringInfo(&out);
    // What the scanner has to say, an identifier truncated for one, was said when the statement was
    // parsed.
    const int client_level = client_min_messages;
    const int log_level = log_min_messages;
    client_min_messages = ERROR;
    log_min_messages = ERROR;
    // No catalogue, lock or resource owner is touched in between, so the error may simply be
    // dropped.
    PG_TRY();
    {
        MemoryContextSwitchTo(scratch);
        const char* statement = CopyStatement(source, location, length);
        const Scan scan = ScanTokens(statement);
        MemoryContextSwitchTo(caller);
        Compose(&out, statement, scan);
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(caller);
        FlushErrorState();
        resetStringInfo(&out);
        appendStringInfoString(&out, kUnreadable);
    }
    PG_END_TRY();
    client_min_messages = client_level;
    log_min_messages = log_level;
    MemoryContextDelete(scratch);
    const bool cut = static_cast<uint32>(out.len) > core::kMaxTextBytes;
    const int kept = cut ? pg_mbcliplen(out.data, out.len, core::kMaxTextBytes) : out.len;
    return {out.data, static_cast<uint32>(kept), cut};
}

}  // namespace elile::capture
