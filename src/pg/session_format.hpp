// Holds those settings of a session on which the text of its plans, parameters and log lines
// depends.
#pragma once

#include "pg/scanner.hpp"
#include "pg/settings.hpp"

namespace elile::pg {

struct SessionFormat {
    int log_format;
    int log_plan_max_length;
    int log_parameter_max_length;
    // These decide how the scanner reads literals.
    int backslash_quote;
    bool conforming_strings;
};

// Touches memory only.
inline SessionFormat FormatOfSession() {
    return {Settings::log_format, Settings::log_plan_max_length, Settings::log_parameter_max_length,
            backslash_quote, ConformingStrings()};
}

// Lets a worker write down what another session has left, in that session's format.
inline void AdoptFormat(const SessionFormat& format) {
    Settings::log_format = format.log_format;
    Settings::log_plan_max_length = format.log_plan_max_length;
    Settings::log_parameter_max_length = format.log_parameter_max_length;
    backslash_quote = format.backslash_quote;
    SetConformingStrings(format.conforming_strings);
}

}  // namespace elile::pg
