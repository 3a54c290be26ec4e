// A save is made in memory, so that nobody waits for a disk while the store is held still.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "core/saved/format.hpp"

namespace elile::core {

// Collects the records of one save into frames.
class SaveBuffer {
public:
    // Begins a save to the file of this number, whose next frame has this place.
    void Begin(std::uint64_t number, std::uint64_t now_us, std::uint32_t place) noexcept;
    // Returns false when there is no memory for it. The save is then good for nothing.
    bool Add(RecordKind kind, std::uint32_t place, std::string_view body) noexcept;
    // Closes the last frame.
    bool End() noexcept { return CloseFrame(true); }

    // Whether nothing was added.
    bool IsEmpty() const noexcept { return records_ == 0; }
    std::string_view Bytes() const noexcept { return {bytes_.get(), used_}; }
    std::uint32_t NextPlace() const noexcept { return header_.place; }
    // Gives back memory that a large save needed.
    void Shrink() noexcept;

private:
    // A frame of so many bytes is closed.
    static constexpr std::size_t kFrameBytes = 65536;
    static constexpr std::size_t kKeptBytes = std::size_t{4} << 20;

    struct Free {
        void operator()(char* memory) const noexcept { std::free(memory); }
    };

    bool Reserve(std::size_t bytes) noexcept;
    bool CloseFrame(bool ends_save) noexcept;

    std::unique_ptr<char, Free> bytes_;
    std::size_t room_ = 0;
    std::size_t used_ = 0;
    std::size_t frame_ = 0;  // where the open one begins
    std::size_t records_ = 0;
    FrameHeader header_{};
};

}  // namespace elile::core
