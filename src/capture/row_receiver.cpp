#include "capture/row_receiver.hpp"

#include "capture/comparable.hpp"

namespace elile::capture {
namespace {

// Of a statement's rows so many are looked at.
constexpr uint32 kMostRows = 2048;
constexpr uint32 kMostWithin = 8;  // keys within a text

struct Column {
    AttrNumber attribute;
    ValueKind kind;
    Oid type;
};

struct RowReceiver {
    DestReceiver own;
    DestReceiver* inner;
    core::RowValues* rows;
    uint32 first;
    uint32 count;
    uint32 left;      // rows
    AttrNumber last;  // attribute
    Column columns[core::RowValues::kColumns];
};

RowReceiver receiver;
const QueryDesc* seen = nullptr;

RowReceiver& Self(DestReceiver* self) { return *reinterpret_cast<RowReceiver*>(self); }

void LookAt(const RowReceiver& self, TupleTableSlot* slot) {
    slot_getsomeattrs(slot, self.last);
    self.rows->BeginRow();
    for (uint32 at = 0; at < self.count; ++at) {
        const Column& column = self.columns[at];
        const int place = column.attribute - 1;
        uint64 hash = 0;
        if (slot->tts_isnull[place] ||
            !HashComparable(column.kind, column.type, slot->tts_values[place], &hash)) {
            continue;
        }
        self.rows->Add(self.first + at, hash);
        uint64 within[kMostWithin];
        const uint32 count =
            HashKeysWithin(column.kind, slot->tts_values[place], within, kMostWithin);
        for (uint32 key = 0; key < count; ++key) {
            if (within[key] != hash) {
                self.rows->Add(self.first + at, within[key]);
            }
        }
    }
}

bool ReceiveSlot(TupleTableSlot* slot, DestReceiver* self) {
    RowReceiver& own = Self(self);
    if (own.left > 0) {
        --own.left;
        LookAt(own, slot);
    }
    return own.inner->receiveSlot(slot, own.inner);
}

void Startup(DestReceiver* self, int operation, TupleDesc type) {
    DestReceiver* inner = Self(self).inner;
    inner->rStartup(inner, operation, type);
}

void Shutdown(DestReceiver* self) {
    DestReceiver* inner = Self(self).inner;
    inner->rShutdown(inner);
}

void Destroy(DestReceiver*) {}

uint32 ChooseColumns(const TupleDescData& type) {
    uint32 count = 0;
    for (int at = 0; at < type.natts && count < core::RowValues::kColumns; ++at) {
        const Form_pg_attribute attribute = TupleDescAttr(const_cast<TupleDesc>(&type), at);
        const ValueKind kind = KindOf(attribute->atttypid);
        if (kind != ValueKind::kNone) {
            receiver.columns[count++] = {static_cast<AttrNumber>(at + 1), kind,
                                         attribute->atttypid};
        }
    }
    return count;
}

}  // namespace

bool BeginSeeing(QueryDesc* query, core::NPlusOneDetector* detector) {
    if (query->dest == nullptr || query->tupDesc == nullptr || query->dest == &receiver.own) {
        return false;
    }
    const uint32 columns = ChooseColumns(*query->tupDesc);
    const core::RowValues::Place place =
        detector->BeginRows(static_cast<uint64>(query->plannedstmt->queryId), columns);
    if (place.columns == 0) {
        seen = columns == 0 ? query : nullptr;
        return false;
    }
    receiver.own = {ReceiveSlot, Startup, Shutdown, Destroy, query->dest->mydest};
    receiver.inner = query->dest;
    receiver.rows = &detector->Rows();
    receiver.first = place.first;
    receiver.count = place.columns;
    receiver.left = kMostRows;
    receiver.last = receiver.columns[place.columns - 1].attribute;
    query->dest = &receiver.own;
    return true;
}

void EndSeeing(QueryDesc* query, bool failed) {
    query->dest = receiver.inner;
    seen = failed ? nullptr : query;
}

bool TakeSeen(const QueryDesc& query) {
    const bool was_seen = seen == &query;
    seen = nullptr;
    return was_seen;
}

}  // namespace elile::capture
