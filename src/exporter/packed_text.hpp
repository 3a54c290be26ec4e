// A text of megabytes is made part by part and kept as gzip, which is a small part of it. So what
// waits for slow clients takes little memory, and a client may have either form.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace elile::exporter {

// Each number of threads may read it at once.
struct PackedText {
    std::size_t bytes = 0;  // of the text itself
    std::string gzip;

    // Calls `take(part)` for one part of the text after the other, and ends where that returns
    // false.
    void Unpack(const std::function<bool(std::string_view)>& take) const;
};

class TextPacker {
public:
    TextPacker();
    TextPacker(const TextPacker&) = delete;
    TextPacker& operator=(const TextPacker&) = delete;
    ~TextPacker();

    void Append(std::string_view part);
    // Nothing may be called after it.
    PackedText Finish();

private:
    void Deflate(std::string_view part, int flush);

    z_stream stream_{};
    PackedText packed_;
};

// Tells whether a client takes gzip, by the header Accept-Encoding (RFC 9110, 12.5.3).
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace elile::exporter
