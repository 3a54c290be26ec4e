// The targets that need the server's scanner, parser and catalogue.
#pragma once

#include "fuzz/fuzz.hpp"
#include "pg/postgres.hpp"

namespace elile::fuzz {

// A statement: what its normalised text has, and whether parts of it are scanned as the whole is.
void TakeStatement(Input input);
// Two statements, one of which runs for each row of the other one.
void TakeLoop(Input input);
// Two predicates of indexes.
void TakePredicates(Input input);

// Takes choices from an input, and writes SQL that mostly is valid.
class Sql {
public:
    explicit Sql(Input* input) : input_(input) { initStringInfo(&text_); }

    bool Chance(std::size_t one_in) { return input_->Below(one_in) == 1; }
    std::size_t Below(std::size_t limit) { return input_->Below(limit); }
    template <std::size_t count>
    const char* OneOf(const char* const (&words)[count]) {
        return words[input_->Below(count)];
    }
    void Put(const char* text) { appendStringInfoString(&text_, text); }
    const char* Text() const { return text_.data; }

private:
    Input* input_;
    StringInfoData text_;
};

}  // namespace elile::fuzz
