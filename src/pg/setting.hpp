// Describes a setting, as a line of the table in settings.cpp does.
#pragma once

#include <span>
#include <variant>

#include "pg/postgres.hpp"

namespace elile::pg {

// Each struct is a setting's value of one type: where it is, its boot value, its range, its hooks.
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

// Gives each variable its boot value, also where the setting is not defined, or not yet. Strings
// are left out, since the server owns their memory.
void TakeBootValues(std::span<const Setting> settings);

// Gives RESET another value for a setting that is a whole number, if the check hook has left
// something with the present one.
void SetMarkedResetValue(const char* name, int value);

}  // namespace elile::pg
