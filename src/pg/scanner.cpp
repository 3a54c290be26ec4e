#include "pg/scanner.hpp"

#include "pg/guard.hpp"

namespace elile::pg {
namespace {

// The sample has a literal of each kind and a parameter, with one blank between two of them.
constexpr char kRun[] = "1.5 'a' U&'b' b'1' x'1' 1 $1";
constexpr int kSampleTokens[] = {kTokenFconst, kTokenSconst, kTokenUsconst, kTokenBconst,
                                 kTokenXconst, kTokenIconst, kTokenParam,   0};

// A token of the sample that is not what was expected.
struct Misreading {
    int begin;
    int length;
    int token;
    int expected;
};

bool FindMisreading(Misreading* found) {
    core_yy_extra_type extra;
    core_yyscan_t scanner = StartScanner(kRun, &extra);
    // The configuration file may have this setting off, under which U& is an error.
    ReadStrings(&extra, true);
    int begin = 0;
    bool differs = false;
    for (const int* expected = kSampleTokens; !differs; ++expected) {
        core_YYSTYPE value;
        YYLTYPE at = 0;
        const int token = core_yylex(&value, &at, scanner);
        if (*expected == 0 && token == 0) {
            break;
        }
        const auto length = static_cast<int>(strcspn(kRun + begin, " "));
        const auto read = static_cast<int>(strlen(extra.scanbuf + at));
        differs = token != *expected || at != begin || read != length;
        *found = {begin, length, token, *expected};
        begin = Min(begin + length + 1, static_cast<int>(strlen(kRun)));
    }
    scanner_finish(scanner);
    return differs;
}

}  // namespace

bool Parses(const char* text, bool conforming) {
    const bool session_conforming = ConformingStrings();
    const int session_quote = backslash_quote;
    SetConformingStrings(conforming);
    backslash_quote = BACKSLASH_QUOTE_ON;
    const bool parses = InMemory([text] { raw_parser(text, RAW_PARSE_DEFAULT); });
    backslash_quote = session_quote;
    SetConformingStrings(session_conforming);
    return parses;
}

bool ReadsLiterals() {
    MemoryContext own = AllocSetContextCreate(CurrentMemoryContext, "elile_optimize scanner",
                                              ALLOCSET_DEFAULT_SIZES);
    MemoryContext before = MemoryContextSwitchTo(own);
    Misreading misread{};
    const bool differs = FindMisreading(&misread);
    MemoryContextSwitchTo(before);
    MemoryContextDelete(own);
    if (differs) {
        ereport(IsPostmasterEnvironment ? FATAL : WARNING,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("elile_optimize does not know the literals of this server's statements"),
                 errdetail("The scanner of PostgreSQL %s reads \"%.*s\" as token %d, not as %d.",
                           GetConfigOption("server_version", false, false), misread.length,
                           kRun + misread.begin, misread.token, misread.expected),
                 errhint("Statements' texts would be kept with their literals in them. Install a "
                         "build of elile_optimize for this server, or take it out of "
                         "shared_preload_libraries.")));
    }
    return !differs;
}

}  // namespace elile::pg
