// What a setting's line in the table in settings.cpp says of it.
#pragma once

#include <span>
#include <variant>

#include "pg/postgres.hpp"

namespace elile::pg {

// A setting's value by its type: where it is, what it is at first, what it may be, and who is told.
struct Switch {
    bool* value;
    bool boot;
    GucBoolCheckHook check = nullptr;
    GucBoolAssignHook assign = nullptr;
};
struct Whole {
    int* value;
    int boot;
    int least;
    int most;
    GucIntCheckHook check = nullptr;
    GucIntAssignHook assign = nullptr;
    GucShowHook show = nullptr;
};
struct Share {  // of 1
    double* value;
    double boot;
};
struct Words {
    char** value;
    const char* boot;
    GucStringCheckHook check;
    GucStringAssignHook assign = nullptr;
};
struct Choices {
    int* value;
    int boot;
    const config_enum_entry* options;
    GucEnumAssignHook assign = nullptr;
    GucShowHook show = nullptr;
};

struct Setting {
    const char* name;
    GucContext context;
    int flags;  // its unit among them
    std::variant<Switch, Whole, Share, Words, Choices> value;
    const char* what;
    const char* more = nullptr;
};

void DefineEach(std::span<const Setting> settings);

// A setting that is not defined, or not yet, has its boot value too; but a string's memory is the
// server's.
void TakeBootValues(std::span<const Setting> settings);

}  // namespace elile::pg
