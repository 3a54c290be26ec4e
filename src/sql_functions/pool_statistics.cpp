// elile_optimize.pool_statistics.
#include "core/pools/presets.hpp"
#include "pg/row_writer.hpp"
#include "pg/settings.hpp"
#include "sql_functions/pools_now.hpp"
#include "sql_functions/role_presets.hpp"

namespace elile::sql_functions {
namespace {

// Returns the size of the preset that the role has in this database, or else of the environment's
// preset.
uint64 PresetSize(const RolePresets& presets, const core::PoolKey& key) {
    int size = core::kPoolPresets[pg::Settings::environment].pool_size;
    for (int at = 0; at < presets.count; ++at) {
        const RolePreset& preset = presets.rows[at];
        if (preset.role_oid == key.userid && preset.database_oid == key.dbid &&
            preset.pool_size >= 0) {
            size = preset.pool_size;
        }
    }
    return static_cast<uint64>(size);
}

void WriteTold(pg::RowWriter& row, uint64 plus_one) {
    row.BigintOrNull(plus_one != 0, plus_one - 1);
}

// Returns how many sessions the pool has beyond the size that the application told, or else beyond
// its preset's.
uint64 OverflowOf(const RolePresets& presets, const core::ObservedPool& observed,
                  const PoolNow& now) {
    const uint64 told_plus_one = now.told_plus_one[core::PlaceOf(core::PoolFigure::kPoolSize)];
    if (now.sessions == 0) {
        return 0;
    }
    const uint64 size = told_plus_one != 0 ? told_plus_one - 1 : PresetSize(presets, observed.key);
    return now.sessions > size ? now.sessions - size : 0;
}

void WriteAge(pg::RowWriter& row, TimestampTz start, TimestampTz now) {
    if (start != 0) {
        auto* age = static_cast<Interval*>(palloc0(sizeof(Interval)));
        age->time = Max(now - start, 0);
        row.Value(INTERVALOID, IntervalPGetDatum(age));
    } else {
        row.Null();
    }
}

void WritePool(pg::RowWriter& row, const PoolName& name, const core::ObservedPool& observed,
               const PoolNow& now, const RolePresets& presets) {
    row.Text(name.database);
    row.Text(name.user);
    row.Text(name.application);
    row.Bigint(now.sessions);
    row.Bigint(now.checked_out);
    row.Bigint(now.sessions - now.checked_out);
    row.Bigint(OverflowOf(presets, observed, now));
    row.Bigint(now.invalid);
    row.Bigint(Max(observed.peak_checked_out, now.checked_out));
    row.Bigint(observed.opened);
    WriteAge(row, now.oldest_start, GetCurrentTimestamp());
    WriteTold(row, now.told_plus_one[core::PlaceOf(core::PoolFigure::kPoolSize)]);
    WriteTold(row, now.told_plus_one[core::PlaceOf(core::PoolFigure::kActiveConnections)]);
    row.EndRow();
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_pool_statistics, kStrict, RECORDOID) {
    core::Segment& segment = store::RequireSegment();
    pg::RowWriter row(fcinfo);
    const PoolsNow pools = ReadPoolsNow(segment);
    const RolePresets presets = AllPresets();
    row.ForEach(core::kOtherPools + 1, [&](uint64 place) {
        PoolName name;
        if (NameOfPool(pools, static_cast<uint32>(place), &name)) {
            WritePool(row, name, pools.observed->pools[place], pools.now[place], presets);
        }
    });
    return Datum{0};
}
