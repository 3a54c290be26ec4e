#include "n_plus_one/tokens.hpp"

#include <algorithm>

#include "pg/scanner.hpp"

namespace elile::n_plus_one {
namespace {

// Uses are counted once, since callers ask for each parameter.
void CountUses(Statement* statement) {
    // A client can give so many parameters.
    constexpr int kMostParameters = 65535;
    int highest = 0;
    const Token* end = statement->tokens + statement->token_count;
    for (const Token* token = statement->tokens; token != end; ++token) {
        highest = Max(highest, token->parameter);
    }
    if (highest > kMostParameters) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("it has a parameter beyond $%d", kMostParameters)));
    }
    auto* uses = static_cast<int*>(palloc0(sizeof(int) * (static_cast<Size>(highest) + 1)));
    for (const Token* token = statement->tokens; token != end; ++token) {
        uses[token->parameter] += token->parameter != 0 ? 1 : 0;
    }
    statement->uses = uses;
    statement->most_used = highest;
}

}  // namespace

void Scan(const char* text, Statement* statement) {
    core_yy_extra_type extra;
    core_yyscan_t scanner = pg::StartScanner(text, &extra);
    auto* tokens = static_cast<Token*>(palloc(sizeof(Token) * (strlen(text) + 1)));
    int count = 0;
    core_YYSTYPE value;
    YYLTYPE begin = 0;
    for (int token = 0; (token = core_yylex(&value, &begin, scanner)) != 0;) {
        // The scanner ends a token with a zero byte in its buffer until the next call.
        const int end = begin + static_cast<int>(strlen(extra.scanbuf + begin));
        tokens[count++] = {begin, end, token == pg::kTokenParam ? value.ival : 0};
    }
    scanner_finish(scanner);
    statement->tokens = tokens;
    statement->token_count = count;
    CountUses(statement);
}

int Statement::TokenAt(int begin) const {
    const Token* end = tokens + token_count;
    const Token* found = std::lower_bound(
        tokens, end, begin, [](const Token& token, int wanted) { return token.begin < wanted; });
    return found != end && found->begin == begin ? static_cast<int>(found - tokens) : -1;
}

bool Statement::Mentions(const char* name) const {
    const size_t length = strlen(name);
    return std::any_of(tokens, tokens + token_count, [&](const Token& token) {
        const char* begin = text + token.begin;
        auto size = static_cast<size_t>(token.end - token.begin);
        if (size == length + 2 && *begin == '"') {
            ++begin;
            size -= 2;
        }
        return size == length && pg_strncasecmp(begin, name, length) == 0;
    });
}

}  // namespace elile::n_plus_one
