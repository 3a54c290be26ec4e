#include "core/statements/explain_options.hpp"

#include <charconv>

namespace elile::core {
namespace {

bool IsSpace(char byte) noexcept { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

bool IsDigit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

// Bytes above 127 are letters of some encoding.
bool BeginsWord(char byte) noexcept {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (static_cast<unsigned char>(byte) & 0x80) != 0;
}

char Lower(char byte) noexcept {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

class Parser {
public:
    Parser(std::string_view list, ExplainOptions& into) noexcept : left_(list), into_(into) {}

    const char* Parse() noexcept {
        into_.count = 0;
        into_.used = 0;
        SkipSpaces();
        if (left_.empty()) {
            return nullptr;
        }
        do {
            SkipSpaces();
            if (const char* error = ParseOption(); error != nullptr) {
                return error;
            }
        } while (Take(','));
        return left_.empty() ? nullptr : "A comma is missing between two options.";
    }

private:
    bool StartsWith(char byte) const noexcept { return !left_.empty() && left_.front() == byte; }

    bool Take(char byte) noexcept {
        const bool found = StartsWith(byte);
        left_.remove_prefix(found ? 1 : 0);
        return found;
    }

    void SkipSpaces() noexcept {
        while (!left_.empty() && IsSpace(left_.front())) {
            left_.remove_prefix(1);
        }
    }

    // There is room: ParseExplainOptions() leaves a byte for the end of each name and each value.
    void Put(char byte) noexcept { into_.text[into_.used++] = byte; }

    // A string goes from a quote to the next one; two quotes in a row stand for one in it. Returns
    // false when it has no end.
    bool TakeQuoted(char quote) noexcept {
        left_.remove_prefix(1);
        while (!left_.empty()) {
            const char byte = left_.front();
            left_.remove_prefix(1);
            if (byte == quote && !Take(quote)) {
                Put('\0');
                return true;
            }
            Put(byte);
        }
        return false;
    }

    void TakeWord() noexcept {
        while (!left_.empty() &&
               (BeginsWord(left_.front()) || IsDigit(left_.front()) || left_.front() == '$')) {
            Put(Lower(left_.front()));
            left_.remove_prefix(1);
        }
        Put('\0');
    }

    // Returns false when it is no number.
    bool TakeNumber(OptionValue& kind) noexcept {
        const std::uint16_t from = into_.used;
        Take('+');
        while (!left_.empty() && !IsSpace(left_.front()) && left_.front() != ',') {
            Put(left_.front());
            left_.remove_prefix(1);
        }
        const char* begin = &into_.text[from];
        const char* end = &into_.text[into_.used];
        Put('\0');
        std::int32_t integer = 0;
        double number = 0;
        const auto whole = std::from_chars(begin, end, integer);
        kind = whole.ptr == end && whole.ec == std::errc() ? OptionValue::kInteger
                                                           : OptionValue::kFloat;
        return kind == OptionValue::kInteger || std::from_chars(begin, end, number).ptr == end;
    }

    const char* ParseName(ExplainOption& option) noexcept {
        option.name = into_.used;
        if (StartsWith('"')) {
            return TakeQuoted('"') ? nullptr : "A quoted name has no end.";
        }
        if (left_.empty() || !BeginsWord(left_.front())) {
            return "The name of an option is missing.";
        }
        TakeWord();
        return nullptr;
    }

    const char* ParseValue(ExplainOption& option) noexcept {
        option.value = into_.used;
        option.kind = OptionValue::kNone;
        if (left_.empty() || left_.front() == ',') {
            return nullptr;
        }
        const char first = left_.front();
        option.kind = OptionValue::kString;
        if (first == '\'' || first == '"') {
            return TakeQuoted(first) ? nullptr : "A quoted value has no end.";
        }
        if (BeginsWord(first)) {
            TakeWord();
            return nullptr;
        }
        return TakeNumber(option.kind) ? nullptr
                                       : "A value is neither a word, a number nor quoted.";
    }

    const char* ParseOption() noexcept {
        if (into_.count == ExplainOptions::kMost) {
            return "There are more than 16 options.";
        }
        ExplainOption& option = into_.options[into_.count++];
        const char* error = ParseName(option);
        if (error == nullptr) {
            SkipSpaces();
            error = ParseValue(option);
            SkipSpaces();
        }
        return error;
    }

    std::string_view left_;
    ExplainOptions& into_;
};

}  // namespace

const char* ParseExplainOptions(std::string_view list, ExplainOptions& into) noexcept {
    constexpr std::size_t kMostInList = ExplainOptions::kMostBytes - 2 * ExplainOptions::kMost;
    if (list.size() > kMostInList) {
        return "The list is longer than 992 bytes.";
    }
    return Parser(list, into).Parse();
}

}  // namespace elile::core
