// Records become bytes and come back.
//
// A small number takes few bytes: seven bits in each, the lowest first, and the eighth bit says
// that more follow (as LEB128). Figures of 64 bits that are as good as random take eight.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace elile::core {

// Writes into memory that the caller owns. What finds no room is left out whole with all that
// follows, and Fits() is false from then on.
class ByteWriter {
public:
    explicit ByteWriter(std::span<char> room) noexcept : room_(room) {}

    void Number(std::uint64_t number) noexcept {
        while (number >= 0x80) {
            Byte(static_cast<unsigned char>(number | 0x80));
            number >>= 7;
        }
        Byte(static_cast<unsigned char>(number));
    }
    void Fixed(std::uint64_t number) noexcept { Bytes(&number, sizeof(number)); }
    void Real(double number) noexcept { Bytes(&number, sizeof(number)); }
    void Text(std::string_view text) noexcept {
        Number(text.size());
        Bytes(text.data(), text.size());
    }
    // Returns where `length` bytes may be written, which count as written; null without room.
    char* Take(std::size_t length) noexcept {
        if (!fits_ || room_.size() - used_ < length) {
            fits_ = false;
            return nullptr;
        }
        char* taken = room_.data() + used_;
        used_ += length;
        return taken;
    }
    bool Fits() const noexcept { return fits_; }
    std::size_t Used() const noexcept { return used_; }
    std::string_view Written() const noexcept { return {room_.data(), used_}; }

private:
    void Byte(unsigned char byte) noexcept { Bytes(&byte, 1); }
    void Bytes(const void* bytes, std::size_t length) noexcept {
        if (char* to = Take(length); to != nullptr && length > 0) {
            std::memcpy(to, bytes, length);
        }
    }

    std::span<char> room_;
    std::size_t used_ = 0;
    bool fits_ = true;
};

// Reads what somebody may have damaged. What is not there reads as zero or empty, and IsSound() is
// false from then on.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) noexcept : left_(bytes) {}

    std::uint64_t Number() noexcept {
        std::uint64_t number = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const std::string_view byte = Bytes(1);
            if (byte.empty()) {
                return 0;
            }
            number |= static_cast<std::uint64_t>(byte[0] & 0x7f) << shift;
            if ((byte[0] & 0x80) == 0) {
                return number;
            }
        }
        sound_ = false;
        return 0;
    }
    // Returns a number that is at most this; a larger one is not sound.
    std::uint32_t NumberUpTo(std::uint32_t most) noexcept {
        const std::uint64_t number = Number();
        sound_ = sound_ && number <= most;
        return sound_ ? static_cast<std::uint32_t>(number) : 0;
    }
    std::uint64_t Fixed() noexcept { return Value<std::uint64_t>(); }
    double Real() noexcept { return Value<double>(); }
    std::string_view Text() noexcept { return Bytes(Number()); }
    std::string_view Bytes(std::uint64_t length) noexcept {
        if (!sound_ || length > left_.size()) {
            sound_ = false;
            return {};
        }
        const std::string_view bytes = left_.substr(0, length);
        left_.remove_prefix(length);
        return bytes;
    }
    bool IsSound() const noexcept { return sound_; }
    bool IsAtEnd() const noexcept { return left_.empty(); }

private:
    template <typename T>
    T Value() noexcept {
        T value{};
        const std::string_view bytes = Bytes(sizeof(value));
        if (sound_) {
            std::memcpy(&value, bytes.data(), sizeof(value));
        }
        return value;
    }

    std::string_view left_;
    bool sound_ = true;
};

}  // namespace elile::core
