#include "pg/encoding.hpp"

#include <iconv.h>

#include "core/shared/text_pool.hpp"
#include "pg/compat.hpp"

namespace elile::pg {
namespace {

char* ReplaceInvalid(const char* text, uint32 length, int encoding) {
    char* clean = static_cast<char*>(palloc(length + 1));
    uint32 at = 0;
    uint32 out = 0;
    while (at < length) {
        const int left = static_cast<int>(length - at);
        const int valid = pg_encoding_verifymbstr(encoding, text + at, left);
        memcpy(clean + out, text + at, static_cast<size_t>(valid));
        at += static_cast<uint32>(valid);
        out += static_cast<uint32>(valid);
        if (at < length) {
            clean[out++] = '?';
            ++at;
        }
    }
    clean[out] = '\0';
    return clean;
}

char* ReplaceNonAscii(const char* text, uint32 length) {
    char* clean = pnstrdup(text, length);
    for (char* at = clean; *at != '\0'; ++at) {
        if (IS_HIGHBIT_SET(*at)) {
            *at = '?';
        }
    }
    return clean;
}

const iconv_t kNoConverter = reinterpret_cast<iconv_t>(-1);

// Returns this process's converter into UTF-8. A process writes in one encoding, or seldom in
// another one.
iconv_t ConverterFrom(int encoding) {
    static iconv_t converter = kNoConverter;
    static int opened_for = -1;
    if (opened_for != encoding) {
        if (converter != kNoConverter) {
            iconv_close(converter);
        }
        const char* name = SystemNameOf(encoding);
        converter = name != nullptr ? iconv_open("UTF-8", name) : kNoConverter;
        opened_for = encoding;
    }
    return converter;
}

}  // namespace

PooledText CopyText(const core::TextPool& pool, uint32 id) {
    PooledText copy{};
    if (id != 0) {
        const uint32 room = pool.LengthOf(id);
        copy.text = static_cast<char*>(palloc(room + 1));
        copy.length = pool.Read(id, copy.text, room, &copy.encoding);
        copy.text[copy.length] = '\0';
    }
    return copy;
}

const char* ReadText(const core::TextPool& pool, uint32 id) {
    const PooledText copy = CopyText(pool, id);
    return copy.text != nullptr ? ToDatabaseEncoding(copy.text, copy.length, copy.encoding)
                                : nullptr;
}

char* ToDatabaseEncoding(const char* text, uint32 length, uint32 encoding) {
    const int from = static_cast<int>(encoding);
    const int to = GetDatabaseEncoding();
    if (from == to || from == PG_SQL_ASCII || to == PG_SQL_ASCII) {
        return ReplaceInvalid(text, length, to);
    }
    const Oid conversion = FindDefaultConversionProc(from, to);
    if (!OidIsValid(conversion)) {
        return ReplaceNonAscii(text, length);
    }
    char* source = ReplaceInvalid(text, length, from);
    const auto source_length = static_cast<int>(strlen(source));
    const int room = source_length * MAX_CONVERSION_GROWTH + 1;
    auto* converted = static_cast<unsigned char*>(palloc(static_cast<Size>(room)));
    const int done = pg_do_encoding_conversion_buf(conversion, from, to,
                                                   reinterpret_cast<unsigned char*>(source),
                                                   source_length, converted, room, true);
    return done == source_length ? reinterpret_cast<char*>(converted)
                                 : ReplaceNonAscii(source, static_cast<uint32>(source_length));
}

char* ToUtf8(const char* text, uint32 length, uint32 encoding) {
    if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII) {
        return ReplaceInvalid(text, length, PG_UTF8);
    }
    const iconv_t converter = ConverterFrom(static_cast<int>(encoding));
    if (converter == kNoConverter) {
        return ReplaceNonAscii(text, length);
    }
    iconv(converter, nullptr, nullptr, nullptr, nullptr);
    char* in = pnstrdup(text, length);
    size_t in_left = strlen(in);
    size_t out_left = in_left * MAX_CONVERSION_GROWTH;
    auto* converted = static_cast<char*>(palloc(out_left + 1));
    char* out = converted;
    while (in_left > 0 && out_left > 0) {
        if (iconv(converter, &in, &in_left, &out, &out_left) == static_cast<size_t>(-1) &&
            in_left > 0 && out_left > 0) {
            *out++ = '?';
            --out_left;
            ++in;
            --in_left;
        }
    }
    *out = '\0';
    return converted;
}

}  // namespace elile::pg
