#include "capture/string_reading.hpp"

#include <initializer_list>

#include "pg/guard.hpp"
#include "pg/scanner.hpp"

namespace elile::capture {
namespace {

bool MayDiffer(const char* text, Size length) {
    return pg::kStringsMayEscape && memmem(text, length, "\\'", 2) != nullptr;
}

bool Scans(const char* statement, const ScanHow& how, Scan* scan) {
    return pg::InMemory([&] { *scan = ScanTokens(statement, how); });
}

bool HaveSameTokens(const Scan& a, const Scan& b) {
    for (int at = 0; at < a.count && a.count == b.count; ++at) {
        const Piece& left = a.pieces[at];
        const Piece& right = b.pieces[at];
        if (left.begin != right.begin || left.end != right.end || left.literal != right.literal) {
            return false;
        }
    }
    return a.count == b.count;
}

// Which of two ways is the right one, where one is.
StringReading Choose(bool conforming, bool escaping) {
    if (conforming == escaping) {
        return StringReading::kUnknown;
    }
    return conforming ? StringReading::kConforming : StringReading::kEscaping;
}

// The statement is scanned as far as its text is kept, and as a whole only where that differs.
StringReading Find(const char* statement) {
    Scan conforming;
    Scan escaping;
    for (const bool whole : {false, true}) {
        const bool scans = Scans(statement, {true, whole}, &conforming);
        const bool scans_escaping = Scans(statement, {false, whole}, &escaping);
        if (scans != scans_escaping) {
            return Choose(scans, scans_escaping);
        }
        if (!scans || HaveSameTokens(conforming, escaping)) {
            return StringReading::kConforming;
        }
    }
    return Choose(pg::Parses(statement, true), pg::Parses(statement, false));
}

}  // namespace

StringReading ReadingOf(const char* text, Size length) {
    return MayDiffer(text, length) ? Find(pnstrdup(text, length)) : StringReading::kConforming;
}

}  // namespace elile::capture
