#include "capture/value_names.hpp"

namespace elile::capture {
namespace {

// Reads a statement's tokens one after the other.
class Words {
public:
    Words(const char* statement, const Scan& scan) : statement_(statement), scan_(scan) {}

    // Passes over the next token if it is this word or sign, in any case.
    bool Pass(const char* word) {
        if (!IsNext(word)) {
            return false;
        }
        ++at_;
        return true;
    }
    bool IsNext(const char* word) const {
        if (at_ >= scan_.count) {
            return false;
        }
        const Piece& piece = scan_.pieces[at_];
        const auto length = static_cast<Size>(piece.end - piece.begin);
        return strlen(word) == length &&
               pg_strncasecmp(statement_ + piece.begin, word, length) == 0;
    }
    // Does so unless the word is the first part of a name.
    bool PassKeyword(const char* word) {
        const int before = at_;
        if (Pass(word) && IsNext(".")) {
            at_ = before;
        }
        return at_ != before;
    }
    // Passes over a name, with names before it and points between them.
    void PassName() {
        do {
            ++at_;
        } while (Pass("."));
    }
    void PassUntil(const char* word) {
        while (at_ < scan_.count && !IsNext(word)) {
            ++at_;
        }
    }
    int At() const { return at_; }

private:
    const char* statement_;
    const Scan& scan_;
    int at_ = 0;
};

constexpr int kNone = INT_MAX;

// a.b = c, d. Returns kNone where there is no value, or the default.
int ValuesOfSetting(Words words) {
    words.PassName();
    const bool is_set = words.Pass("to") || words.Pass("=");
    return is_set && !words.IsNext("default") ? words.At() : kNone;
}

// ALTER ROLE a IN DATABASE b SET c = d. SET TABLESPACE has no sign.
int ValuesOfAlter(Words words) {
    const bool has_name = words.Pass("role") || words.Pass("user") || words.Pass("database");
    if (!has_name && !words.Pass("system")) {
        return kNone;
    }
    if (has_name) {
        words.PassName();
    }
    words.PassUntil("set");
    return words.Pass("set") ? ValuesOfSetting(words) : kNone;
}

// SET TRANSACTION, SET CONSTRAINTS and SET TIME ZONE have no sign before their values.
int ValuesOfSet(Words words) {
    if (words.PassKeyword("session")) {
        if (words.Pass("authorization")) {
            return words.IsNext("default") ? kNone : words.At();
        }
    } else {
        words.PassKeyword("local");
    }
    if (words.PassKeyword("role")) {
        // A setting has this name too.
        if (!words.Pass("to")) {
            words.Pass("=");
        }
        return words.IsNext("default") ? kNone : words.At();
    }
    return ValuesOfSetting(words);
}

// Returns the first token that stands for a value, from which on all do.
int FirstValue(Words words) {
    if (words.Pass("set")) {
        return ValuesOfSet(words);
    }
    if (words.Pass("alter")) {
        return ValuesOfAlter(words);
    }
    if (words.Pass("savepoint")) {
        return words.At();
    }
    if (words.Pass("release")) {
        words.Pass("savepoint");
        return words.At();
    }
    if (words.Pass("deallocate")) {
        words.Pass("prepare");
        return words.IsNext("all") ? kNone : words.At();
    }
    if (words.Pass("rollback")) {
        if (!words.Pass("work")) {
            words.Pass("transaction");
        }
        if (words.Pass("to")) {
            words.Pass("savepoint");
            return words.At();
        }
    }
    return kNone;
}

}  // namespace

void MarkValueNames(const char* statement, Scan* scan) {
    const int first = FirstValue(Words(statement, *scan));
    if (first >= scan->count) {
        return;
    }
    Piece& value = scan->pieces[first];
    value.end = scan->pieces[scan->count - 1].end;
    value.literal = true;
    value.parameter = 0;
    scan->count = first + 1;
    scan->literals = 1;
    scan->highest_parameter = 0;
}

}  // namespace elile::capture
