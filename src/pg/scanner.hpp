// The server's scanner of SQL, and where PostgreSQL 15 to 19 differ in it.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// Tokens that are literals, as the core scanner numbers them (gram.y: the first tokens are fixed,
// other scanners share them). gram.h is not installed for all versions.
enum ScannerToken : int {
    kTokenFconst = 260,
    kTokenSconst = 261,
    kTokenUsconst = 262,
    kTokenBconst = 263,
    kTokenXconst = 264,
    kTokenIconst = 266,
    kTokenParam = 267
};

// What the scanner has to say about a text was said when the text was parsed.
inline core_yyscan_t StartScanner(const char* text, core_yy_extra_type* extra) {
    core_yyscan_t scanner = scanner_init(text, extra, &ScanKeywords, ScanKeywordTokens);
#if PG_VERSION_NUM < 190000
    extra->escape_string_warning = false;
#endif
    return scanner;
}

// Whether a backslash in a plain string is nothing but itself; always so from 19 on.
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

}  // namespace elile::pg
