#include "pg/setting.hpp"

#include <type_traits>

#include "pg/compat.hpp"

namespace elile::pg {
namespace {

void Define(const Setting& of, const Switch& value) {
    DefineCustomBoolVariable(of.name, of.what, of.more, value.value, value.boot, of.context,
                             of.flags, value.check, value.assign, nullptr);
}
void Define(const Setting& of, const Whole& value) {
    DefineCustomIntVariable(of.name, of.what, of.more, value.value, value.boot, value.least,
                            value.most, of.context, of.flags, value.check, value.assign, nullptr);
}
void Define(const Setting& of, const Share& value) {
    DefineCustomRealVariable(of.name, of.what, of.more, value.value, value.boot, 0, 1, of.context,
                             of.flags, nullptr, nullptr, nullptr);
}
void Define(const Setting& of, const Words& value) {
    DefineCustomStringVariable(of.name, of.what, of.more, value.value, value.boot, of.context,
                               of.flags, value.check, value.assign, nullptr);
}
void Define(const Setting& of, const Choices& value) {
    DefineCustomEnumVariable(of.name, of.what, of.more, value.value, value.boot, value.options,
                             of.context, of.flags, nullptr, value.assign, value.show);
}

}  // namespace

void DefineEach(std::span<const Setting> settings) {
    for (const Setting& setting : settings) {
        std::visit([&setting](const auto& value) { Define(setting, value); }, setting.value);
    }
}

void TakeBootValues(std::span<const Setting> settings) {
    for (const Setting& setting : settings) {
        std::visit(
            [](const auto& of) {
                if constexpr (!std::is_same_v<decltype(of), const Words&>) {
                    *of.value = of.boot;
                }
            },
            setting.value);
    }
}

void SetMarkedResetValue(const char* name, int value) {
    config_generic* setting = FindSetting(name);
    if (setting == nullptr) {
        return;
    }
#if PG_VERSION_NUM >= 190000
    if (setting->reset_extra != nullptr) {
        setting->_int.reset_val = value;
    }
#else
    auto* number = reinterpret_cast<config_int*>(setting);
    if (number->reset_extra != nullptr) {
        number->reset_val = value;
    }
#endif
}

}  // namespace elile::pg
