#include "n_plus_one/row_digest.hpp"

namespace elile::n_plus_one {
namespace {

// One of these is hashed before each column, so that neighbouring texts don't run into one.
constexpr uint8 kNull = 0;
constexpr uint8 kValue = 1;

struct Receiver {
    DestReceiver base;  // first: the executor knows this part only
    MemoryContext row_context;
    FmgrInfo* outputs;  // by column - 1
    bool (*receive)(Receiver*, TupleTableSlot*);
    int skipped;
    int columns;
    RowDigest* digest;
    RowTexts* texts;
};

void Start(DestReceiver* base, int /*operation*/, TupleDesc type) {
    auto* receiver = reinterpret_cast<Receiver*>(base);
    receiver->row_context = AllocSetContextCreate(
        CurrentMemoryContext, "elile_optimize compared row", ALLOCSET_DEFAULT_SIZES);
    receiver->outputs =
        static_cast<FmgrInfo*>(palloc0(sizeof(FmgrInfo) * static_cast<Size>(Max(type->natts, 1))));
    for (int column = 0; column < type->natts; ++column) {
        Oid output = InvalidOid;
        bool is_varlena = false;
        getTypeOutputInfo(TupleDescAttr(type, column)->atttypid, &output, &is_varlena);
        fmgr_info(output, &receiver->outputs[column]);
    }
}

bool Receive(TupleTableSlot* slot, DestReceiver* base) {
    auto* receiver = reinterpret_cast<Receiver*>(base);
    MemoryContext caller = MemoryContextSwitchTo(receiver->row_context);
    const bool goes_on = receiver->receive(receiver, slot);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(receiver->row_context);
    return goes_on;
}

// Returns null for a null.
char* TextOf(Receiver* receiver, TupleTableSlot* slot, int column) {
    bool is_null = false;
    const Datum value = slot_getattr(slot, column, &is_null);
    return is_null ? nullptr : OutputFunctionCall(&receiver->outputs[column - 1], value);
}

void AppendColumn(StringInfo row, const char* text) {
    appendStringInfoCharMacro(row, static_cast<char>(text != nullptr ? kValue : kNull));
    if (text != nullptr) {
        const auto length = static_cast<int32>(strlen(text));
        appendBinaryStringInfo(row, reinterpret_cast<const char*>(&length), sizeof(length));
        appendBinaryStringInfo(row, text, length);
    }
}

RowDigest DigestOf(const StringInfoData& row) {
    constexpr uint64 kSeeds[2] = {UINT64CONST(0x6a09e667f3bcc908), UINT64CONST(0xbb67ae8584caa73b)};
    const auto* bytes = reinterpret_cast<const unsigned char*>(row.data);
    return {1,
            {hash_bytes_extended(bytes, row.len, kSeeds[0]),
             hash_bytes_extended(bytes, row.len, kSeeds[1])}};
}

bool DigestRow(Receiver* receiver, TupleTableSlot* slot) {
    StringInfoData row;
    initStringInfo(&row);
    for (int column = 1; column <= receiver->columns; ++column) {
        AppendColumn(&row, TextOf(receiver, slot, receiver->skipped + column));
    }
    receiver->digest->Add(DigestOf(row), 1);
    return true;
}

bool KeepTexts(Receiver* receiver, TupleTableSlot* slot) {
    RowTexts* texts = receiver->texts;
    if (list_length(texts->rows) == texts->most_rows) {
        texts->overflowed = true;
        return false;
    }
    MemoryContextSwitchTo(texts->context);
    auto** row =
        static_cast<char**>(palloc0(sizeof(char*) * static_cast<Size>(texts->column_count)));
    for (int at = 0; at < texts->column_count; ++at) {
        row[at] = TextOf(receiver, slot, texts->columns[at]);
    }
    texts->rows = lappend(texts->rows, row);
    return true;
}

void Stop(DestReceiver* base) {
    MemoryContextDelete(reinterpret_cast<Receiver*>(base)->row_context);
}

// The receiver goes with its memory context.
void Destroy(DestReceiver* /*base*/) {}

Receiver* MakeReceiver(bool (*receive)(Receiver*, TupleTableSlot*)) {
    auto* receiver = static_cast<Receiver*>(palloc0(sizeof(Receiver)));
    receiver->base.receiveSlot = Receive;
    receiver->base.rStartup = Start;
    receiver->base.rShutdown = Stop;
    receiver->base.rDestroy = Destroy;
    receiver->base.mydest = DestTuplestore;
    receiver->receive = receive;
    return receiver;
}

}  // namespace

RowDigest DigestOfNulls(int columns) {
    StringInfoData row;
    initStringInfo(&row);
    for (int column = 0; column < columns; ++column) {
        AppendColumn(&row, nullptr);
    }
    return DigestOf(row);
}

DestReceiver* MakeDigestReceiver(int skipped, int columns, RowDigest* digest) {
    Receiver* receiver = MakeReceiver(DigestRow);
    receiver->skipped = skipped;
    receiver->columns = columns;
    receiver->digest = digest;
    return &receiver->base;
}

DestReceiver* MakeTextReceiver(RowTexts* texts) {
    Receiver* receiver = MakeReceiver(KeepTexts);
    receiver->texts = texts;
    return &receiver->base;
}

}  // namespace elile::n_plus_one
