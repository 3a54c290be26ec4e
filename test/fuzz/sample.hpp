// A segment in which each thing that the exporter shows is there at least once.
#pragma once

#include <cstddef>
#include <string>

namespace elile::fuzz {

// Holds the segment in a memory file, as the exporter gets it.
class SampleSegment {
public:
    SampleSegment();

    int Descriptor() const { return descriptor_; }
    char* Memory() const { return memory_; }
    std::size_t Bytes() const { return bytes_; }

private:
    int descriptor_;
    char* memory_;
    std::size_t bytes_;
};

// A file in memory whose mode is 0600.
int FileOf(const std::string& content);

}  // namespace elile::fuzz
