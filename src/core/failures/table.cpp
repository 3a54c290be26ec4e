#include "core/failures/table.hpp"

#include <cstring>

#include "core/shared/hash.hpp"
#include "core/shared/seam.hpp"

namespace elile::core {
namespace {

using Sequence = FailureHead::Sequence;

// Whoever writes an identity does so within a microsecond, unless it was stopped.
constexpr int kLooks = 1000;
// Each try but the last one failed because somebody else took the place meanwhile.
constexpr int kTries = 8;

// A count has the number of its row's sequence above it, so nothing is added to another row that
// has taken the place meanwhile.
constexpr int kCountBits = 40;
constexpr std::uint64_t kCountMask = (UINT64_C(1) << kCountBits) - 1;
constexpr std::uint64_t TagOf(std::uint32_t sequence) noexcept {
    return std::uint64_t{sequence} << kCountBits;
}

bool IsForgotten(const FailureHead& head) noexcept { return Get(head.first_us) == 0; }

std::uint64_t PairOf(Phase phase, std::uint32_t sqlstate) noexcept {
    return std::uint64_t{static_cast<std::uint32_t>(phase) + 1} << 32 | sqlstate;
}

}  // namespace

struct Failures::Share {
    std::uint32_t first;
    std::uint32_t count;
    std::uint64_t life_us;

    explicit Share(const FailureKey& key) noexcept
        : first(key.phase == Phase::kConnect ? kSessionFailures : 0),
          count(key.phase == Phase::kConnect ? kConnectFailures : kSessionFailures),
          life_us(key.phase == Phase::kConnect ? kConnectLifeUs : kFailureLifeUs) {}
    std::uint32_t At(std::uint64_t hash, std::uint32_t step) const noexcept {
        return first + static_cast<std::uint32_t>((hash + step) % count);
    }
};

// A place names a row as it was at a look, by the number of its sequence then.
struct Failures::Place {
    std::uint32_t index = kNoIndex;
    std::uint32_t sequence = 0;
    bool IsValid() const noexcept { return index != kNoIndex; }
};

enum class Failures::Identity { kSame, kOther, kChanged };

bool Failures::CopyKey(const Place& place, FailureKey* key) const noexcept {
    LoadWords(bodies_[place.index].key.data(), key, sizeof(*key));
    return heads_[place.index].sequence.IsStill(place.sequence);
}

Failures::Identity Failures::Compare(const Place& place, const FailureKey& key) const noexcept {
    FailureKey seen;
    if (!CopyKey(place, &seen)) {
        return Identity::kChanged;
    }
    return std::memcmp(&seen, &key, sizeof(key)) == 0 ? Identity::kSame : Identity::kOther;
}

// Looks for the key from its hash on. A place that was used never becomes free again, only another
// row's, so the search ends at the first one that never was. `free` becomes the first place that
// may be taken. Returns false when somebody writes on the way, perhaps this very row, which must
// not have two places.
bool Failures::Search(const Share& share, std::uint64_t hash, const FailureKey& key,
                      std::uint64_t now_us, Place* found, Place* free) const noexcept {
    for (std::uint32_t step = 0; step < share.count; ++step) {
        const std::uint32_t index = share.At(hash, step);
        const FailureHead& head = heads_[index];
        const Place place{index, head.sequence.Settled(kLooks)};
        if (!Sequence::IsWhole(place.sequence)) {
            return false;
        }
        Pass(Seam::kFailureRead);
        const std::uint64_t seen = Get(head.hash);
        const bool is_forgotten = IsForgotten(head);
        if (seen == hash) {
            const Identity identity = Compare(place, key);
            if (identity == Identity::kSame && !is_forgotten) {
                *found = place;
                return true;
            }
            if (identity == Identity::kChanged) {
                return false;
            }
        }
        const bool may_go = seen == 0 || is_forgotten || Get(head.last_us) + share.life_us < now_us;
        if (may_go && !free->IsValid()) {
            *free = place;
        }
        if (seen == 0) {
            return true;
        }
    }
    return true;
}

// Returns false when somebody else has changed the place since the look at it.
bool Failures::Begin(Place* place, std::uint64_t hash, const FailureKey& key,
                     std::uint64_t now_us) noexcept {
    FailureHead& head = heads_[place->index];
    if (!head.sequence.TryBegin(place->sequence)) {
        return false;
    }
    Put(head.hash, hash);
    Put(head.count, TagOf(place->sequence + 2));
    Put(head.first_us, now_us);
    Put(head.last_us, now_us);
    StoreWords(bodies_[place->index].key.data(), &key, sizeof(key));
    place->sequence += 2;
    head.sequence.End(place->sequence);
    return true;
}

// Returns what was counted there.
std::uint64_t Failures::ForgetOne(const Place& place) noexcept {
    FailureHead& head = heads_[place.index];
    if (!head.sequence.TryBegin(place.sequence)) {
        return 0;
    }
    Put(head.first_us, 0);
    const std::uint64_t counted =
        head.count.exchange(TagOf(place.sequence + 2), std::memory_order_relaxed) & kCountMask;
    head.sequence.End(place.sequence + 2);
    return counted;
}

// Returns false when the row has lost its place, or others kept adding to it.
bool Failures::AddTo(const Place& place, std::uint64_t count) noexcept {
    constexpr int kMostTries = 64;
    Word& word = heads_[place.index].count;
    std::uint64_t seen = Get(word);
    for (int left = kMostTries; left > 0 && seen - (seen & kCountMask) == TagOf(place.sequence);
         --left) {
        if (word.compare_exchange_strong(seen, seen + count, std::memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

// Another process may have taken another place for the same key after the search had passed it. Of
// two the first on the way of the search stays, with the counts of both. Each process looks after
// it has begun its own, so one of the two sees both.
void Failures::JoinDuplicates(const Share& share, std::uint64_t hash, const FailureKey& key,
                              Place* own) noexcept {
    Place first;
    Fence(std::memory_order_seq_cst);
    for (std::uint32_t step = 0; step < share.count; ++step) {
        const std::uint32_t index = share.At(hash, step);
        FailureHead& head = heads_[index];
        const std::uint64_t seen = Get(head.hash);
        if (seen == 0) {
            break;
        }
        const Place place{index, head.sequence.Settled(kLooks)};
        if (seen != hash || !Sequence::IsWhole(place.sequence) || IsForgotten(head) ||
            Compare(place, key) != Identity::kSame) {
            continue;
        }
        if (first.IsValid()) {
            const std::uint64_t counted = ForgetOne(place);
            if (!AddTo(first, counted)) {
                Add(OverflowFor(key), counted);
            }
        } else {
            first = place;
        }
    }
    *own = first.IsValid() ? first : *own;
}

bool Failures::FindOrClaim(const FailureKey& key, std::uint64_t now_us, Place* place) noexcept {
    const std::uint64_t hash = MixBytes(0, &key, sizeof(key)) | 1;
    const Share share(key);
    for (int left = kTries; left > 0; --left) {
        Place free;
        *place = {};
        if (!Search(share, hash, key, now_us, place, &free)) {
            continue;
        }
        if (place->IsValid()) {
            return true;
        }
        if (!free.IsValid()) {
            return false;
        }
        if (Begin(&free, hash, key, now_us)) {
            *place = free;
            JoinDuplicates(share, hash, key, place);
            return true;
        }
    }
    return false;
}

// The details are the row's only while it is the one that was found: the generation tells.
void Failures::WriteDetails(const Place& place, const FailureDetails& details) noexcept {
    FailureBody& body = bodies_[place.index];
    body.sequence.TryWrite([&] {
        Put(body.generation, place.sequence);
        StoreWords(body.details.data(), &details, sizeof(details));
    });
}

void Failures::Note(const FailureKey& key, const FailureDetails& details,
                    std::uint64_t now_us) noexcept {
    for (int left = kTries; left > 0; --left) {
        Place place;
        if (!FindOrClaim(key, now_us, &place)) {
            break;
        }
        if (AddTo(place, 1)) {
            RaiseTo(heads_[place.index].last_us, now_us);
            WriteDetails(place, details);
            return;
        }
    }
    Add(OverflowFor(key), 1);
}

void Failures::Count(ErrorDatabase& counts, const ErrorCount& error) noexcept {
    const std::uint64_t key = PairOf(error.phase, error.sqlstate);
    for (ErrorPair& pair : counts.pairs) {
        std::uint64_t seen = Get(pair.key);
        if (seen == key ||
            (seen == 0 && (pair.key.compare_exchange_strong(seen, key, std::memory_order_relaxed) ||
                           seen == key))) {
            Add(pair.origin, error.origin);
            Add(pair.count, error.count);
            return;
        }
    }
    Add(counts.other_origin, error.origin);
    Add(counts.other, error.count);
}

void Failures::CountError(std::uint32_t database, Phase phase, std::uint32_t sqlstate,
                          bool is_outside) noexcept {
    ErrorDatabase& counts = shared_->databases[database];
    Add(counts.outside, is_outside ? 1 : 0);
    Count(counts, {sqlstate, phase, 1, 0});
}

void Failures::RestoreError(std::uint32_t database, const ErrorCount& saved) noexcept {
    ErrorDatabase& counts = shared_->databases[database];
    if (saved.sqlstate != 0) {
        Count(counts, saved);
    } else {
        Add(counts.other_origin, saved.origin);
        Add(counts.other, saved.count);
    }
}

// The row's first sight is the earlier one, and its details are those that are there already.
void Failures::Restore(const FailureCopy& saved) noexcept {
    Place place;
    if (saved.count > kCountMask || !FindOrClaim(saved.key, saved.last_us, &place) ||
        !AddTo(place, saved.count)) {
        Add(OverflowFor(saved.key), saved.count);
        return;
    }
    FailureHead& head = heads_[place.index];
    std::uint64_t first = Get(head.first_us);
    if (first > saved.first_us) {
        head.first_us.compare_exchange_strong(first, saved.first_us, std::memory_order_relaxed);
    }
    RaiseTo(head.last_us, saved.last_us);
    if (Get(bodies_[place.index].generation) != place.sequence) {
        WriteDetails(place, saved.details);
    }
}

ErrorCount Failures::ReadSeries(std::uint32_t database, std::uint32_t pair) const noexcept {
    const ErrorDatabase& counts = shared_->databases[database];
    if (pair == kErrorPairs) {
        return {0, Phase::kUnknown, Get(counts.other), Get(counts.other_origin)};
    }
    const ErrorPair& of_pair = counts.pairs[pair];
    const std::uint64_t key = Get(of_pair.key);
    return key == 0 ? ErrorCount{0, Phase::kUnknown, 0, 0}
                    : ErrorCount{static_cast<std::uint32_t>(key),
                                 static_cast<Phase>(static_cast<std::uint32_t>(key >> 32) - 1),
                                 Get(of_pair.count), Get(of_pair.origin)};
}

bool Failures::Read(std::uint32_t index, FailureCopy* copy) const noexcept {
    const FailureHead& head = heads_[index];
    const FailureBody& body = bodies_[index];
    const Place place{index, head.sequence.Settled(kLooks)};
    if (!Sequence::IsWhole(place.sequence) || Get(head.hash) == 0) {
        return false;
    }
    std::uint32_t generation = 0;
    const bool is_whole = body.sequence.Read(kLooks, [&] {
        generation = Get(body.generation);
        LoadWords(body.details.data(), &copy->details, sizeof(copy->details));
    });
    if (!is_whole || generation != place.sequence) {
        copy->details = {};
    }
    copy->count = Get(head.count) & kCountMask;
    copy->first_us = Get(head.first_us);
    copy->last_us = Get(head.last_us);
    return CopyKey(place, &copy->key) && copy->count != 0 && copy->first_us != 0;
}

std::uint64_t Failures::Repair() noexcept {
    std::uint64_t forgotten = 0;
    for (std::uint32_t index = 0; index < kFailures; ++index) {
        FailureHead& head = heads_[index];
        if (head.sequence.Mend()) {
            Put(head.first_us, 0);
            Put(head.count, 0);
            ++forgotten;
        }
        if (bodies_[index].sequence.Mend()) {
            Put(bodies_[index].generation, 0);
        }
    }
    return forgotten;
}

void Failures::Forget(const ResetScope& scope) noexcept {
    for (std::uint32_t index = 0; index < kFailures; ++index) {
        if (Get(heads_[index].hash) == 0) {
            continue;
        }
        const Place place{index, heads_[index].sequence.Settled(kLooks)};
        FailureKey key;
        if (Sequence::IsWhole(place.sequence) && CopyKey(place, &key) &&
            scope.Picks(key.user, key.database, key.queryid)) {
            ForgetOne(place);
        }
    }
    for (std::uint32_t at = 0; scope.ClearsSums() && at < kErrorDatabases; ++at) {
        const bool has_database = at != 0 && at != kNoErrorDatabase;
        if (scope.IsAll() || (has_database && scope.PicksDatabase(databases_.KeyOf(at).dbid))) {
            ErrorDatabase& counts = shared_->databases[at];
            Put(counts.outside, 0);
            Put(counts.other, 0);
            Put(counts.other_origin, 0);
            for (ErrorPair& pair : counts.pairs) {
                if (Get(pair.key) == 0) {
                    break;  // pairs are taken in their order
                }
                Put(pair.count, 0);
                Put(pair.origin, 0);
            }
        }
    }
}

}  // namespace elile::core
