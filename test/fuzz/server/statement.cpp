#include "capture/query_text.hpp"
#include "capture/string_reading.hpp"
#include "capture/token_scan.hpp"
#include "core/shared/text_pool.hpp"
#include "fuzz/server/target.hpp"
#include "pg/guard.hpp"
#include "pg/scanner.hpp"

namespace elile::fuzz {
namespace {

using capture::Piece;
using capture::Scan;
using capture::ScanHow;
using capture::StringReading;

constexpr const char* kTokens[] = {
    "select",      "E'\\'",       "'",    "''",    "U&'", "b'01'", "x'1f'",    "$$",   "$a$",
    "$1",          "$2147483647", "--",   "/*",    "*/",  "\n",    "\r",       " ",    ";",
    "1",           "1.5e",        "0x1f", "1_000", "-",   "'x'",   "\"a\"",    "U&\"", "::",
    "date",        "N'",          "\\",   "e'",    "a",   ".",     "\xc3\xa9", "\x0b", "\t",
    "uescape '!'", "3.",          "..",   "1a",    "$1a", "@-",    "b'",       "x'"};

// Makes a text of tokens, bytes and long stretches of one character.
void Assemble(Input* input, StringInfo text) {
    constexpr std::size_t kMostBytes = 100000;
    constexpr std::size_t kLongest = 20000;
    constexpr const char* kFill = "x '*-$/;";
    while (!input->IsAtEnd() && static_cast<std::size_t>(text->len) < kMostBytes) {
        const std::size_t kind = input->Below(8);
        if (kind == 0) {
            appendStringInfoChar(text, static_cast<char>(input->Number<std::uint8_t>()));
        } else if (kind == 1) {
            const char fill = kFill[input->Below(8)];
            for (std::size_t left = input->Number<std::uint16_t>() % kLongest; left > 0; --left) {
                appendStringInfoChar(text, fill);
            }
        } else {
            appendStringInfoString(text, kTokens[input->Below(lengthof(kTokens))]);
        }
    }
}

// Semicolons at the end are no part of what is kept.
bool IsFull(const Scan& scan) { return scan.kept > core::kMaxTextBytes; }

bool IsFullWithoutEnd(const Scan& scan) {
    Size kept = 0;
    for (const Piece* piece = scan.pieces; piece != scan.pieces + scan.count; ++piece) {
        kept += piece->literal ? 2 : static_cast<Size>(piece->end - piece->begin);
    }
    return kept > core::kMaxTextBytes;
}

bool ScanWhole(const char* text, const ScanHow& how, Scan* scan) {
    return pg::InMemory([&] { *scan = capture::ScanTokens(text, how); });
}

// Each token is where it was, and each literal has become the next parameter.
void RequireTokens(const char* text, const Scan& scan, const char* normalised) {
    Scan again;
    Require(ScanWhole(normalised, scan.how, &again), "a normalised text scans");
    Require(again.count == scan.count, "a normalised text has the statement's tokens");
    auto number = static_cast<uint32>(scan.highest_parameter);
    for (int at = 0; at < scan.count; ++at) {
        const Piece& piece = scan.pieces[at];
        const Piece& kept = again.pieces[at];
        // What stands for a setting's value is taken for a literal whatever it is.
        Require(!kept.literal || (piece.literal && at + 1 == scan.count),
                "no literal stays in a normalised text");
        const char* expected = piece.literal ? psprintf("$%u", ++number)
                                             : pnstrdup(text + piece.begin,
                                                        static_cast<Size>(piece.end - piece.begin));
        const auto length = static_cast<Size>(kept.end - kept.begin);
        Require(
            strlen(expected) == length && memcmp(expected, normalised + kept.begin, length) == 0,
            "all but literals stays as it was written");
    }
}

void RequireNormalised(const char* text, const Scan& scan) {
    const capture::QueryText normalised = capture::NormaliseQuery(text, 0, 0);
    Require(normalised.length <= core::kMaxTextBytes, "a normalised text is of bounded length");
    const char* copy = pnstrdup(normalised.text, normalised.length);
    Require(pg_verify_mbstr(PG_UTF8, copy, static_cast<int>(strlen(copy)), true),
            "a normalised text is in the statement's encoding");
    Require(normalised.cut || !IsFullWithoutEnd(scan), "a text with more tokens than fit is cut");
    if (!normalised.cut) {
        RequireTokens(text, scan, copy);
    }
}

void RequireValues(const char* text, const Scan& scan) {
    const capture::Values values = capture::FindValues(text, 0, 0);
    const auto length = static_cast<int>(strlen(text));
    int at = 0;
    for (const Piece* piece = scan.pieces; piece != scan.pieces + scan.count; ++piece) {
        if (!piece->literal && piece->parameter == 0) {
            continue;
        }
        Require(at < values.count, "each literal and parameter is a value");
        const capture::Value& value = values.list[at++];
        Require(value.begin == piece->begin && value.end == piece->end &&
                    value.is_literal == piece->literal && value.signed_begin <= value.begin &&
                    value.end <= length,
                "a value is where it stands in the statement");
    }
    Require(at == values.count || IsFull(scan), "nothing else is a value");
}

void RequireSameParts(const char* text, const Scan& whole) {
    Scan parts;
    Require(pg::InMemory([&] {
                parts = capture::ScanLongStatement(text, static_cast<int>(strlen(text)), whole.how);
            }),
            "what scans as a whole scans in parts");
    Require(whole.count == parts.count && whole.highest_parameter == parts.highest_parameter,
            "parts have as many tokens and parameters as the whole");
    for (int at = 0; at < whole.count; ++at) {
        const Piece& one = whole.pieces[at];
        const Piece& other = parts.pieces[at];
        Require(one.begin == other.begin && one.end == other.end && one.literal == other.literal &&
                    one.parameter == other.parameter,
                "parts have the tokens of the whole");
    }
}

}  // namespace

void TakeStatement(Input input) {
    StringInfoData text;
    initStringInfo(&text);
    const auto kind = input.Number<char>();
    if (kind == 't') {
        appendBinaryStringInfo(&text, input.Rest().data(), static_cast<int>(input.Rest().size()));
    } else {
        Assemble(&input, &text);
    }
    if (!pg_verify_mbstr(PG_UTF8, text.data, text.len, true)) {
        return;
    }
    const StringReading reading = capture::ReadingOf(text.data, static_cast<Size>(text.len));
    Scan whole;
    if (reading == StringReading::kUnknown ||
        !ScanWhole(text.data, {reading == StringReading::kConforming, false}, &whole)) {
        const capture::QueryText shown = capture::NormaliseQuery(text.data, 0, 0);
        Require(shown.length > 0 && shown.text[0] == '(', "a text that does not scan is not shown");
        return;
    }
    RequireNormalised(text.data, whole);
    RequireValues(text.data, whole);
    RequireSameParts(text.data, whole);
}

}  // namespace elile::fuzz
