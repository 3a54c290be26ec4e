#include "pg/read_only_text.hpp"

#include <dlfcn.h>
#include <link.h>

namespace elile::pg {
namespace {

struct Range {
    const char* begin;
    const char* end;
};

Range FindSegment(uintptr_t loaded_at, const ElfW(Phdr) * headers, int count, const char* text) {
    for (int at = 0; at < count; ++at) {
        const ElfW(Phdr)& header = headers[at];
        const auto* begin = reinterpret_cast<const char*>(loaded_at + header.p_vaddr);
        // What the loader makes read-only only after relocation is in a segment with PF_W.
        if (header.p_type == PT_LOAD && (header.p_flags & PF_W) == 0 && text >= begin &&
            text < begin + header.p_filesz) {
            return {begin, begin + header.p_filesz};
        }
    }
    return {nullptr, nullptr};
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)

// The dynamic loader finds the object without a lock, so one that a session loads later is known
// too. Its program headers lie in its first page, where its file's first segment begins.
Range RangeOf(const char* text) {
    dl_find_object object;
    // The function changes nothing behind its pointer.
    if (_dl_find_object(const_cast<char*>(text), &object) != 0) {
        return {nullptr, nullptr};
    }
    const auto* file = static_cast<const ElfW(Ehdr)*>(object.dlfo_map_start);
    if (memcmp(file->e_ident, ELFMAG, SELFMAG) != 0 || file->e_phentsize != sizeof(ElfW(Phdr))) {
        return {nullptr, nullptr};
    }
    const auto* headers = reinterpret_cast<const ElfW(Phdr)*>(
        static_cast<const char*>(object.dlfo_map_start) + file->e_phoff);
    return FindSegment(object.dlfo_link_map->l_addr, headers, file->e_phnum, text);
}

#else

// Objects that a session loads later are not known.
constexpr int kMostRanges = 512;
Range ranges[kMostRanges];
int range_count = 0;

int AddRanges(dl_phdr_info* object, size_t, void*) {
    for (int at = 0; at < object->dlpi_phnum && range_count < kMostRanges; ++at) {
        const ElfW(Phdr)& header = object->dlpi_phdr[at];
        const auto* begin = reinterpret_cast<const char*>(object->dlpi_addr + header.p_vaddr);
        const Range range = FindSegment(object->dlpi_addr, &header, 1, begin);
        if (range.begin != nullptr) {
            ranges[range_count++] = range;
        }
    }
    return 0;
}

Range RangeOf(const char* text) {
    for (int at = 0; at < range_count; ++at) {
        if (text >= ranges[at].begin && text < ranges[at].end) {
            return ranges[at];
        }
    }
    return {nullptr, nullptr};
}

#endif

}  // namespace

void NoteLoadedObjects() {
#if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 35)
    range_count = 0;
    dl_iterate_phdr(AddRanges, nullptr);
#endif
}

int LengthInReadOnlyData(const char* text) {
    const Range range = text != nullptr ? RangeOf(text) : Range{nullptr, nullptr};
    if (range.begin == nullptr) {
        return -1;
    }
    const auto room = static_cast<size_t>(range.end - text);
    const size_t length = strnlen(text, room);
    return length < room ? static_cast<int>(length) : -1;
}

}  // namespace elile::pg
