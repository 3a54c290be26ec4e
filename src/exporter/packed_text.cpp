#include "exporter/packed_text.hpp"

#include <array>
#include <memory>
#include <new>
#include <stdexcept>

namespace elile::exporter {
namespace {

constexpr int kGzip = 15 + 16;  // the largest window, and gzip's header
constexpr std::size_t kPart = 64 * 1024;

Bytef* BytesOf(std::string_view text) {
    // The library does not write to it; its type is older than const.
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

void RequireMemory(int result) {
    if (result != Z_OK) {
        throw std::bad_alloc();
    }
}

std::string_view Trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    const std::size_t last = text.find_last_not_of(" \t");
    return first == std::string_view::npos ? "" : text.substr(first, last - first + 1);
}

// Takes what is before the mark off the text.
std::string_view TakeUntil(char mark, std::string_view& text) {
    const std::size_t end = text.find(mark);
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return Trimmed(taken);
}

bool IsSame(std::string_view text, std::string_view lower) {
    constexpr auto kToLower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : +c; };
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (kToLower(text[at]) != lower[at]) {
            return false;
        }
    }
    return true;
}

// A coding with the weight 0, in any of its spellings, is not acceptable.
bool HasWeight(std::string_view parameters) {
    while (!parameters.empty()) {
        std::string_view value = TakeUntil(';', parameters);
        if (IsSame(TakeUntil('=', value), "q")) {
            return Trimmed(value).find_first_not_of("0.") != std::string_view::npos;
        }
    }
    return true;
}

}  // namespace

void PackedText::Unpack(const std::function<bool(std::string_view)>& take) const {
    z_stream stream{};
    RequireMemory(inflateInit2(&stream, kGzip));
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    stream.next_in = BytesOf(gzip);
    stream.avail_in = static_cast<uInt>(gzip.size());
    const auto part = std::make_unique<std::array<char, kPart>>();
    int result = Z_OK;
    while (result == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(part->data());
        stream.avail_out = kPart;
        result = inflate(&stream, Z_NO_FLUSH);
        if (!take({part->data(), kPart - stream.avail_out})) {
            return;
        }
    }
    if (result != Z_STREAM_END) {
        throw std::runtime_error("a text could not be unpacked");
    }
}

TextPacker::TextPacker() {
    constexpr int kMemoryLevel = 8;
    RequireMemory(
        deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kGzip, kMemoryLevel, Z_DEFAULT_STRATEGY));
}

TextPacker::~TextPacker() { deflateEnd(&stream_); }

void TextPacker::Deflate(std::string_view part, int flush) {
    std::array<char, kPart> out;
    stream_.next_in = BytesOf(part);
    stream_.avail_in = static_cast<uInt>(part.size());
    do {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = kPart;
        deflate(&stream_, flush);
        packed_.gzip.append(out.data(), kPart - stream_.avail_out);
    } while (stream_.avail_out == 0);
}

void TextPacker::Append(std::string_view part) {
    packed_.bytes += part.size();
    Deflate(part, Z_NO_FLUSH);
}

PackedText TextPacker::Finish() {
    Deflate("", Z_FINISH);
    packed_.gzip.shrink_to_fit();
    return std::move(packed_);
}

bool AcceptsGzip(std::string_view accept_encoding) {
    bool accepts_any = false;
    while (!accept_encoding.empty()) {
        std::string_view parameters = TakeUntil(',', accept_encoding);
        const std::string_view coding = TakeUntil(';', parameters);
        if (IsSame(coding, "gzip") || IsSame(coding, "x-gzip")) {
            return HasWeight(parameters);
        }
        accepts_any = accepts_any || (coding == "*" && HasWeight(parameters));
    }
    return accepts_any;
}

}  // namespace elile::exporter
