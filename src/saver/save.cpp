#include "saver/save.hpp"

#include "core/saved/checksum.hpp"
#include "core/saved/save_buffer.hpp"
#include "core/saved/state.hpp"
#include "core/saved/walk.hpp"
#include "core/segment.hpp"
#include "saver/files.hpp"
#include "store/shared_store.hpp"

namespace elile::saver {
namespace {

// The process's memory of what it has written.
struct Written {
    uint64* checksums = nullptr;  // by place; 0 where the files have nothing
    std::size_t places = 0;
    char* scratch = nullptr;
    char* record = nullptr;
    uint64 number = 0;  // of the base; 0 when a new one is due
    std::size_t base_bytes = 0;
    std::size_t log_bytes = 0;  // 0 when it is to be begun
    uint32 next_frame = 0;      // in the log
    bool has_failed = false;
};

Written written;
core::SaveBuffer buffer;

void MakeRoom(const core::Segment& segment) {
    if (written.checksums == nullptr) {
        const auto take = [](std::size_t bytes) {
            return static_cast<char*>(MemoryContextAllocHuge(TopMemoryContext, bytes));
        };
        written.scratch = take(core::SaveWalk::kScratchBytes);
        written.record = take(core::SaveWalk::kMostRecordBytes);
        written.places = core::SaveWalk::Places(segment);
        written.checksums = reinterpret_cast<uint64*>(take(written.places * sizeof(uint64)));
    }
}

// Fills the buffer with what differs from what is written. Returns false without memory.
bool CollectChanges(core::Segment& segment, bool is_last) {
    core::SaveWalk walk(segment, {written.scratch, core::SaveWalk::kScratchBytes}, is_last);
    core::SaveWalk::Place place;
    for (;;) {
        core::ByteWriter out({written.record, core::SaveWalk::kMostRecordBytes});
        if (!walk.Next(&place, out)) {
            return buffer.IsEmpty() || buffer.End();
        }
        const std::string_view body = out.Fits() ? out.Written() : std::string_view();
        const uint64 checksum = body.empty() ? 0 : core::ChecksumOf(body) | 1;
        if (checksum != written.checksums[place.number]) {
            written.checksums[place.number] = checksum;
            if (!buffer.Add(place.kind, place.place, body)) {
                return false;
            }
        }
    }
}

FileError WriteNewBase(const core::DataDirectory& directory, uint64 now_us, bool is_clean) {
    const FileError error = WriteBase(
        core::MakeFileHeader(directory, written.number, false, now_us, is_clean), buffer.Bytes());
    if (!error.HasFailed()) {
        written.base_bytes = sizeof(core::FileHeader) + buffer.Bytes().size();
        written.log_bytes = 0;
        written.next_frame = 0;
    }
    return error;
}

FileError WriteToLog(const core::DataDirectory& directory, uint64 now_us) {
    if (written.log_bytes == 0) {
        const FileError error =
            BeginLog(core::MakeFileHeader(directory, written.number, true, now_us, false));
        if (error.HasFailed()) {
            return error;
        }
        written.log_bytes = sizeof(core::FileHeader);
    }
    const FileError error = AppendToLog(written.log_bytes, buffer.Bytes());
    if (!error.HasFailed()) {
        written.log_bytes += buffer.Bytes().size();
        written.next_frame = buffer.NextPlace();
    }
    return error;
}

void Tell(core::SaveState& state, const FileError& error) {
    if (error.HasFailed()) {
        core::Add(state.shared->failures, 1);
    }
    if (error.HasFailed() && !written.has_failed) {
        errno = error.number;
        ereport(WARNING, (errcode_for_file_access(),
                          errmsg("elile_optimize could not save its statistics: could not %s file "
                                 "\"%s\": %m",
                                 error.step, error.path),
                          errdetail("It tries again with each save; info.save_failures counts.")));
    } else if (!error.HasFailed() && written.has_failed) {
        ereport(LOG, (errmsg("elile_optimize saves its statistics again")));
    }
    written.has_failed = error.HasFailed();
}

// A new base is due when there is none, or the log has grown larger than it.
bool IsBaseDue(SaveKind kind) {
    constexpr std::size_t kLeastLog = 65536;
    return kind == SaveKind::kLastClean || written.number == 0 ||
           written.log_bytes > Max(written.base_bytes, kLeastLog);
}

// After a fault nobody knows what the files have, so the next save is a base.
void BeginFiles() {
    memset(written.checksums, 0, written.places * sizeof(uint64));
    if (!pg_strong_random(&written.number, sizeof(written.number))) {
        written.number = static_cast<uint64>(GetCurrentTimestamp());
    }
    written.number |= 1;
}

}  // namespace

bool Save(SaveKind kind) {
    core::Segment& segment = *store::SharedSegment();
    MakeRoom(segment);
    // The keeper folds for microseconds. A repair or a reset takes longer, and the next save is
    // soon enough.
    constexpr int kTries = 1000;
    if (!store::TryEnterStore(segment, kTries)) {
        return false;
    }
    const bool is_base = IsBaseDue(kind);
    if (is_base) {
        BeginFiles();
    }
    const uint64 now_us = static_cast<uint64>(GetCurrentTimestamp());
    buffer.Begin(written.number, now_us, is_base ? 0 : written.next_frame);
    const bool is_collected = CollectChanges(segment, kind == SaveKind::kLastClean);
    store::LeaveStore(segment);
    FileError error;
    core::DataDirectory directory;
    if (!is_collected) {
        error = {"find memory to write", kBaseFile, ENOMEM};
    } else if (is_base || !buffer.IsEmpty()) {
        error = IdentifyDataDirectory(&directory);
        if (!error.HasFailed()) {
            error = is_base ? WriteNewBase(directory, now_us, kind == SaveKind::kLastClean)
                            : WriteToLog(directory, now_us);
        }
    }
    buffer.Shrink();
    core::SaveState& state = segment.save_state;
    Tell(state, error);
    if (error.HasFailed()) {
        written.number = 0;
        return false;
    }
    core::Put(state.shared->saved_at_us, now_us);
    core::Put(state.shared->saved_bytes, written.base_bytes + written.log_bytes);
    return true;
}

}  // namespace elile::saver
