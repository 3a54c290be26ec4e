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

// Lets this text be read as it is parsed with standard_conforming_strings on or off, whatever the
// session's settings. A quote behind a backslash is no error here.
inline void ReadStrings([[maybe_unused]] core_yy_extra_type* extra,
                        [[maybe_unused]] bool conforming) {
#if PG_VERSION_NUM < 190000
    extra->standard_conforming_strings = conforming;
    extra->backslash_quote = BACKSLASH_QUOTE_ON;
#endif
}

// Whether a statement may have been parsed with standard_conforming_strings off.
inline constexpr bool kStringsMayEscape = PG_VERSION_NUM < 190000;

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

// Whether the parser takes the text when standard_conforming_strings is as given. Touches memory
// only, and leaves what it needed in the current memory context.
bool Parses(const char* text, bool conforming);

// Whether the scanner numbers literals, and ends tokens, as this library takes it. Where it does
// not, the postmaster does not start: texts would be kept with their literals. Any other process is
// warned.
bool ReadsLiterals();

}  // namespace elile::pg
