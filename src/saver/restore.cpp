#include "saver/restore.hpp"

#include <cstdlib>

#include "core/saved/content.hpp"
#include "core/saved/restore.hpp"
#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/statements/store.hpp"
#include "saver/files.hpp"
#include "store/shared_store.hpp"

namespace elile::saver {
namespace {

using core::RestoredFrom;

RestoredFrom Because(core::FileFault fault) {
    switch (fault) {
        case core::FileFault::kEmpty:
            return RestoredFrom::kEmpty;
        case core::FileFault::kOtherFormat:
            return RestoredFrom::kOtherFormat;
        case core::FileFault::kOtherMajor:
            return RestoredFrom::kOtherMajor;
        case core::FileFault::kOtherCluster:
            return RestoredFrom::kOtherCluster;
        case core::FileFault::kOtherDirectory:
            return RestoredFrom::kOtherDirectory;
        case core::FileFault::kNone:
        case core::FileFault::kDamaged:
            break;
    }
    return RestoredFrom::kDamaged;
}

struct Result {
    RestoredFrom from = RestoredFrom::kNoFile;
    FileError error;
    core::RestoreCounts counts;
    uint32 damaged = 0;
    uint64 saved_at_us = 0;
};

// The log's frames, where it is the base's; a log that is older has another number.
std::string_view LogOf(const core::FileHeader& base, const core::DataDirectory& own,
                       const FileContent& log, uint32* damaged) {
    core::FileHeader header;
    if (!log.is_there || log.length == 0) {
        return {};
    }
    if (core::ReadFileHeader(log.View(), own, true, &header) != core::FileFault::kNone) {
        ++*damaged;
        return {};
    }
    return header.number == base.number ? log.View().substr(sizeof(header)) : std::string_view();
}

// The cells are freed before anything is raised: nothing here raises.
void AddContent(core::Segment& segment, std::string_view base, std::string_view log,
                const core::FileHeader& header, Result* result) {
    core::SavedContent content(base, log, header.number);
    auto* cells = static_cast<core::SavedContent::Cell*>(
        calloc(content.CellsNeeded(), sizeof(core::SavedContent::Cell)));
    if (cells == nullptr) {
        result->from = RestoredFrom::kNoMemory;
        return;
    }
    content.Index({cells, content.CellsNeeded()});
    core::Restoring restoring(segment, store::RequireSharedStore(), content);
    restoring.Run(header.is_clean != 0 && content.Damaged() == 0);
    result->counts = restoring.Counts();
    result->damaged += content.Damaged() + result->counts.unsound;
    result->saved_at_us = content.SavedAtUs();
    free(cells);
}

// Nobody may take the figures for those of a clean stop again, once something was counted on top
// of them.
bool Mark(core::FileHeader header, const core::DataDirectory& own, Result* result) {
    if (header.is_clean != 0) {
        result->error = RewriteBaseHeader(
            core::MakeFileHeader(own, header.number, false, header.saved_at_us, false));
    }
    if (result->error.HasFailed()) {
        result->from = RestoredFrom::kUnmarked;
    }
    return !result->error.HasFailed();
}

void RestoreFiles(core::Segment& segment, const FileContent& base, const FileContent& log,
                  Result* result) {
    core::DataDirectory own;
    core::FileHeader header;
    result->error = base.error.HasFailed() ? base.error : IdentifyDataDirectory(&own);
    if (result->error.HasFailed()) {
        result->from = RestoredFrom::kUnreadable;
        return;
    }
    const core::FileFault fault = core::ReadFileHeader(base.View(), own, false, &header);
    if (fault != core::FileFault::kNone) {
        result->from = Because(fault);
        return;
    }
    if (Mark(header, own, result)) {
        result->from = header.is_clean != 0 ? RestoredFrom::kClean : RestoredFrom::kCrash;
        const std::string_view frames = LogOf(header, own, log, &result->damaged);
        AddContent(segment, base.View().substr(sizeof(header)), frames, header, result);
    }
}

void TellWhatCameBack(const Result& result) {
    ereport(LOG,
            (errmsg("elile_optimize restored its statistics%s",
                    result.damaged != 0 ? ", of which a part was damaged" : ""),
             errdetail("%u statements came back as they were saved at %s%s; %u have no room and "
                       "are in their tables' figures, %u parts could not be read.",
                       result.counts.statements,
                       timestamptz_to_str(static_cast<TimestampTz>(result.saved_at_us)),
                       result.from == RestoredFrom::kClean ? " by a clean stop"
                                                           : ", before the server ended otherwise",
                       result.counts.folded, result.damaged)));
}

void TellWhyNothingDid(const Result& result) {
    const std::string_view reason =
        core::kRestoredFromNames[static_cast<std::size_t>(result.from)].substr(sizeof("none: ") -
                                                                               1);
    const int reason_bytes = static_cast<int>(reason.size());
    if (!result.error.HasFailed()) {
        ereport(LOG, (errmsg("elile_optimize begins its statistics anew: %.*s", reason_bytes,
                             reason.data()),
                      errdetail("The file is \"%s\".", kBaseFile)));
        return;
    }
    errno = result.error.number;
    ereport(LOG,
            (errcode_for_file_access(),
             errmsg("elile_optimize begins its statistics anew: %.*s", reason_bytes, reason.data()),
             errdetail("Could not %s file \"%s\": %m.", result.error.step, result.error.path)));
}

}  // namespace

void RestoreSaved() {
    core::Segment& segment = *store::SharedSegment();
    core::SaveState& state = segment.save_state;
    Result result;
    FileContent base = ReadWholeFile(kBaseFile);
    FileContent log = ReadWholeFile(kLogFile);
    if (base.is_there) {
        RestoreFiles(segment, base, log, &result);
    }
    free(base.bytes);
    free(log.bytes);
    core::Put(state.shared->left_out, result.counts.folded);
    core::Put(state.shared->damaged, result.damaged);
    // Tables and databases may have gone since.
    core::Add(segment.tables.Doubts(), 1);
    core::Add(segment.databases.Doubts(), 1);
    state.EndRestoring(result.from);
    if (result.from == RestoredFrom::kClean || result.from == RestoredFrom::kCrash) {
        TellWhatCameBack(result);
    } else if (result.from != RestoredFrom::kNoFile) {
        TellWhyNothingDid(result);
    }
}

}  // namespace elile::saver
