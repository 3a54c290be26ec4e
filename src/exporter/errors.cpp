#include "exporter/errors.hpp"

#include <map>
#include <tuple>
#include <utility>

#include "core/failures/table.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"

namespace elile::exporter {
namespace {

std::string DatabaseLabel(const core::Segment& segment, const DatabaseNames& databases,
                          std::uint32_t place) {
    if (place == core::kNoErrorDatabase) {
        return "";
    }
    return place == core::kOtherTables ? kOther : databases.Of(segment.databases.KeyOf(place).dbid);
}

}  // namespace

// Databases that had the same name one after the other are summed, so that no label set comes
// twice.
void FillErrors(const core::Segment& segment, const DatabaseNames& databases, Model& model) {
    std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> sums;
    for (std::uint32_t place = 0; place < core::kErrorDatabases; ++place) {
        for (std::uint32_t pair = 0; pair <= core::kErrorPairs; ++pair) {
            const core::ErrorCount error = segment.failures.ReadSeries(place, pair);
            if (error.count <= error.origin) {
                continue;
            }
            const bool is_other = pair == core::kErrorPairs;
            const std::string phase(core::kPhaseNames[static_cast<std::size_t>(error.phase)]);
            sums[{DatabaseLabel(segment, databases, place), is_other ? kOther : phase,
                  is_other ? kOther : core::SqlstateText(error.sqlstate).data()}] +=
                error.count - error.origin;
        }
    }
    for (const auto& [labels, count] : sums) {
        const auto& [database, phase, sqlstate] = labels;
        model.errors.push_back({database, phase, sqlstate, count});
    }
}

}  // namespace elile::exporter
