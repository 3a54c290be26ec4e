// Uses the server's scanner of SQL, and hides where PostgreSQL 15 to 19 differ in it.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// Numbers of tokens that are literals or parameters. gram.y fixes the first tokens' numbers, since
// other scanners share them. gram.h is not installed for all versions, so they are checked at
// start.
enum ScannerToken : int {
    kTokenFconst = 260,
    kTokenSconst = 261,
    kTokenUsconst = 262,
    kTokenBconst = 263,
    kTokenXconst = 264,
    kTokenIconst = 266,
    kTokenParam = 267
};

// The scanner gives no warnings here: they were given when the text was parsed.
inline core_yyscan_t StartScanner(const char* text, core_yy_extra_type* extra) {
    core_yyscan_t scanner = scanner_init(text, extra, &ScanKeywords, ScanKeywordTokens);
#if PG_VERSION_NUM < 190000
    extra->escape_string_warning = false;
#endif
    return scanner;
}

// Lets this text be read with standard_conforming_strings on, whatever the session's setting.
inline void ReadConformingStrings([[maybe_unused]] core_yy_extra_type* extra) {
#if PG_VERSION_NUM < 190000
    extra->standard_conforming_strings = true;
#endif
}

// Whether a backslash in a plain string has no special meaning; always so from 19 on.
inline bool ConformingStrings() {
#if PG_VERSION_NUM >= 190000
    return true;
#else
    return standard_conforming_strings;
#endif
}

inline void SetConformingStrings([[maybe_unused]] bool conforming) {
#if PG_VERSION_NUM < 190000
    standard_conforming_strings = conforming;
#endif
}

// Whether the scanner numbers literals, and ends tokens, as this library takes it. Where it does
// not, the postmaster does not start: texts would be kept with their literals. Any other process is
// warned.
bool ReadsLiterals();

}  // namespace elile::pg
