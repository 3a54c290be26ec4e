#include "capture/comparable.hpp"

#include "core/shared/hash.hpp"

namespace elile::capture {
namespace {

constexpr Size kMostBytes = 256;
constexpr Size kUuidBytes = 16;
constexpr Size kUuidDigits = 2 * kUuidBytes;
constexpr Size kMostDigits = 18;  // of an integer that fits 64 bits

uint64 HashBytes(const char* bytes, Size length, uint64 seed) {
    return hash_bytes_extended(reinterpret_cast<const unsigned char*>(bytes),
                               static_cast<int>(Min(length, kMostBytes)), seed + length);
}

uint64 HashInteger(int64 value) {
    constexpr uint64 kInteger = 1;
    return core::Mix(static_cast<uint64>(value) ^ (kInteger << 62));
}

uint64 HashUuid(const unsigned char* bytes) {
    constexpr uint64 kUuid = 2;
    return core::MixBytes(kUuid, bytes, kUuidBytes);
}

// Reads an integer as the server would write it.
bool ReadInteger(const char* text, Size length, int64* value) {
    const bool negative = length > 0 && text[0] == '-';
    const char* digits = text + (negative ? 1 : 0);
    const Size count = length - (negative ? 1 : 0);
    if (count == 0 || count > kMostDigits || (digits[0] == '0' && (count > 1 || negative))) {
        return false;
    }
    *value = 0;
    for (Size at = 0; at < count; ++at) {
        if (digits[at] < '0' || digits[at] > '9') {
            return false;
        }
        *value = *value * 10 + (digits[at] - '0');
    }
    *value = negative ? -*value : *value;
    return true;
}

int HexDigit(char character) {
    const char lower = static_cast<char>(character | 0x20);
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Reads 32 hexadecimal digits, with hyphens or without.
bool ReadUuid(const char* text, Size length, unsigned char* bytes) {
    constexpr Size kMostLength = kUuidDigits + 4;
    if (length != kUuidDigits && length != kMostLength) {
        return false;
    }
    Size digits = 0;
    for (Size at = 0; at < length; ++at) {
        if (text[at] == '-' && length == kMostLength) {
            continue;
        }
        const int digit = HexDigit(text[at]);
        if (digit < 0 || digits == kUuidDigits) {
            return false;
        }
        unsigned char& byte = bytes[digits / 2];
        byte = static_cast<unsigned char>(digits % 2 == 0 ? digit << 4 : byte | digit);
        ++digits;
    }
    return digits == kUuidDigits;
}

uint64 HashText(const char* text, Size length) {
    while (length > 0 && text[length - 1] == ' ') {
        --length;
    }
    int64 integer = 0;
    unsigned char uuid[kUuidBytes];
    if (ReadInteger(text, length, &integer)) {
        return HashInteger(integer);
    }
    return ReadUuid(text, length, uuid) ? HashUuid(uuid) : HashBytes(text, length, 0);
}

// 5.00 and 5 are one key.
uint64 HashNumeric(Datum value) {
    char* text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
    Size length = strlen(text);
    if (strchr(text, '.') != nullptr) {
        while (text[length - 1] == '0') {
            --length;
        }
        length -= text[length - 1] == '.' ? 1 : 0;
    }
    const uint64 hash = HashText(text, length);
    pfree(text);
    return hash;
}

uint64 HashDate(Datum value) {
    char* text = DatumGetCString(DirectFunctionCall1(date_out, value));
    const uint64 hash = HashText(text, strlen(text));
    pfree(text);
    return hash;
}

bool IsWhole(Datum value) {
    const auto* bytes = static_cast<const char*>(DatumGetPointer(value));
    return !VARATT_IS_EXTERNAL(bytes) && !VARATT_IS_COMPRESSED(bytes);
}

const char* BytesOf(Datum value) {
    return VARDATA_ANY(static_cast<const char*>(DatumGetPointer(value)));
}

Size LengthOf(Datum value) {
    return VARSIZE_ANY_EXHDR(static_cast<const char*>(DatumGetPointer(value)));
}

ValueKind KindByCatalogue(Oid type) {
    char category = TYPCATEGORY_INVALID;
    bool preferred = false;
    int16 length = 0;
    bool by_value = false;
    get_type_category_preferred(type, &category, &preferred);
    get_typlenbyval(type, &length, &by_value);
    switch (category) {
        case TYPCATEGORY_STRING:
            return length == -1 ? ValueKind::kText : ValueKind::kNone;
        case TYPCATEGORY_ENUM:
        case TYPCATEGORY_DATETIME:
            return by_value ? ValueKind::kOtherByValue : ValueKind::kNone;
        default:
            return type == BYTEAOID ? ValueKind::kOtherBytes : ValueKind::kNone;
    }
}

ValueKind FindKind(Oid type) {
    const Oid base = getBaseType(type);
    switch (base) {
        case INT2OID:
            return ValueKind::kInt16;
        case INT4OID:
            return ValueKind::kInt32;
        case INT8OID:
            return ValueKind::kInt64;
        case OIDOID:
            return ValueKind::kOid;
        case UUIDOID:
            return ValueKind::kUuid;
        case NAMEOID:
            return ValueKind::kName;
        case NUMERICOID:
            return ValueKind::kNumeric;
        case DATEOID:
            return ValueKind::kDate;
        default:
            return KindByCatalogue(base);
    }
}

}  // namespace

ValueKind KindOf(Oid type) {
    constexpr uint32 kKnownTypes = 64;  // a power of two
    struct Known {
        Oid type;
        ValueKind kind;
    };
    static Known known[kKnownTypes];
    Known& place = known[type & (kKnownTypes - 1)];
    if (place.type != type) {
        place.type = InvalidOid;
        place.kind = FindKind(type);
        place.type = type;
    }
    return place.kind;
}

bool HashComparable(ValueKind kind, Oid type, Datum value, uint64* hash) {
    switch (kind) {
        case ValueKind::kInt16:
            *hash = HashInteger(DatumGetInt16(value));
            return true;
        case ValueKind::kInt32:
            *hash = HashInteger(DatumGetInt32(value));
            return true;
        case ValueKind::kInt64:
            *hash = HashInteger(DatumGetInt64(value));
            return true;
        case ValueKind::kOid:
            *hash = HashInteger(DatumGetObjectId(value));
            return true;
        case ValueKind::kUuid:
            *hash = HashUuid(reinterpret_cast<const unsigned char*>(DatumGetPointer(value)));
            return true;
        case ValueKind::kName:
            *hash = HashText(NameStr(*DatumGetName(value)),
                             strnlen(NameStr(*DatumGetName(value)), NAMEDATALEN));
            return true;
        case ValueKind::kText:
            if (!IsWhole(value)) {
                return false;
            }
            *hash = HashText(BytesOf(value), LengthOf(value));
            return true;
        case ValueKind::kNumeric:
            if (!IsWhole(value)) {
                return false;
            }
            *hash = HashNumeric(value);
            return true;
        case ValueKind::kDate:
            *hash = HashDate(value);
            return true;
        case ValueKind::kOtherByValue:
            *hash = core::Mix(value ^ (uint64{type} << 32));
            return true;
        case ValueKind::kOtherBytes:
            if (!IsWhole(value)) {
                return false;
            }
            *hash = HashBytes(BytesOf(value), LengthOf(value), type);
            return true;
        case ValueKind::kNone:
            break;
    }
    return false;
}

uint32 HashKeysWithin(ValueKind kind, Datum value, uint64* hashes, uint32 room) {
    if (kind != ValueKind::kText || !IsWhole(value)) {
        return 0;
    }
    const char* at = BytesOf(value);
    const char* end = at + Min(LengthOf(value), kMostBytes);
    uint32 count = 0;
    while (at < end && count < room) {
        const char* begin = at;
        while (at < end && (isalnum(static_cast<unsigned char>(*at)) != 0 || *at == '-')) {
            ++at;
        }
        const auto length = static_cast<Size>(at - begin);
        int64 integer = 0;
        unsigned char uuid[kUuidBytes];
        if (ReadInteger(begin, length, &integer)) {
            hashes[count++] = HashInteger(integer);
        } else if (ReadUuid(begin, length, uuid)) {
            hashes[count++] = HashUuid(uuid);
        }
        at += length == 0 ? 1 : 0;
    }
    return count;
}

bool HashLiteral(const char* literal, Size length, uint64* hash) {
    if (length < 2 || literal[length - 1] != '\'') {
        *hash = HashText(literal, length);
        return true;
    }
    const auto* quote = static_cast<const char*>(memchr(literal, '\'', length));
    const char* begin = quote + 1;
    const Size inner = static_cast<Size>(literal + length - 1 - begin);
    if (quote == literal + length - 1 || memchr(begin, '\'', inner) != nullptr ||
        memchr(begin, '\\', inner) != nullptr) {
        return false;
    }
    *hash = HashText(begin, inner);
    return true;
}

}  // namespace elile::capture
