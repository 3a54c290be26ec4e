// Remembers which identifiers the server gave to utilities of one normalised text.
//
// The server gives a utility another identifier for each of its constants. The entry is found by
// the text, and shows the first identifier that was seen. Who asks by another one is led to it, and
// a session that meets one that another session has met need not scan the text.
//
// Both tables are bounded and forget what was noted long ago. Then a text is scanned again, and an
// identifier leads to no entry. Nobody waits: a record is three words, the first of which is the
// sum of all, so one that two processes wrote at once is none.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "core/shared/part.hpp"

namespace elile::core {

// What an identifier, or a text, stands for.
struct UtilityMeaning {
    std::uint64_t text_hash = 0;
    std::uint64_t queryid = 0;  // of the first one seen

    bool IsKnown() const noexcept { return text_hash != 0; }
};

// A bounded map from a number that is not 0 to a meaning.
class UtilityMeanings {
public:
    // There is room for about `records`.
    void Carve(Carver& carver, std::uint32_t records) noexcept {
        const std::uint32_t buckets = std::bit_ceil(records / kRecordsInBucket + 1);
        hand_ = carver.Take<HalfWord>();
        buckets_ = {carver.Take<Bucket>(buckets), buckets};
    }

    UtilityMeaning Find(std::uint64_t number) const noexcept {
        for (const Record& record : BucketOf(number)) {
            const UtilityMeaning meaning{Get(record.text_hash), Get(record.queryid)};
            if (Get(record.sum) == SumOf(number, meaning) && meaning.IsKnown()) {
                return meaning;
            }
        }
        return {};
    }

    // Takes the place of what was noted of this number, or of any other one where none is free.
    void Note(std::uint64_t number, const UtilityMeaning& meaning) noexcept {
        Record& record = PlaceFor(number);
        Put(record.text_hash, meaning.text_hash);
        Put(record.queryid, meaning.queryid);
        Put(record.sum, SumOf(number, meaning));
    }

    void Clear() noexcept {
        for (Bucket& bucket : buckets_) {
            for (Record& record : bucket) {
                Put(record.text_hash, 0);
            }
        }
    }

private:
    struct Record {
        Word sum;        // SumOf(): what the record is valid for
        Word text_hash;  // 0 none
        Word queryid;
    };
    static constexpr std::uint32_t kRecordsInBucket = 8;
    using Bucket = std::array<Record, kRecordsInBucket>;

    // All three are hashes already.
    static std::uint64_t SumOf(std::uint64_t number, const UtilityMeaning& meaning) noexcept {
        return number + meaning.text_hash + meaning.queryid;
    }
    Bucket& BucketOf(std::uint64_t number) const noexcept {
        return buckets_[static_cast<std::uint32_t>(Mix(number)) & (buckets_.size() - 1)];
    }
    Record& PlaceFor(std::uint64_t number) noexcept {
        Bucket& bucket = BucketOf(number);
        Record* empty = nullptr;
        for (Record& record : bucket) {
            const UtilityMeaning meaning{Get(record.text_hash), Get(record.queryid)};
            if (meaning.IsKnown() && Get(record.sum) == SumOf(number, meaning)) {
                return record;
            }
            if (!meaning.IsKnown() && empty == nullptr) {
                empty = &record;
            }
        }
        const std::uint32_t victim = hand_->fetch_add(1, std::memory_order_relaxed);
        return empty != nullptr ? *empty : bucket[victim % kRecordsInBucket];
    }

    HalfWord* hand_ = nullptr;
    std::span<Bucket> buckets_;  // a power of two
};

class UtilityIds : public Part {
public:
    void Carve(Carver& carver, const SegmentSizes& sizes) noexcept {
        ids_.Carve(carver, 2 * sizes.statements);
        texts_.Carve(carver, sizes.statements);
    }

    UtilityMeaning Find(std::uint64_t id) const noexcept { return ids_.Find(id); }

    // Notes what an identifier stands for, and returns it.
    UtilityMeaning Note(std::uint64_t id, std::uint64_t text_hash) noexcept {
        UtilityMeaning meaning = texts_.Find(text_hash);
        if (!meaning.IsKnown()) {
            meaning = {text_hash, id};
            texts_.Note(text_hash, meaning);
        }
        ids_.Note(id, meaning);
        return meaning;
    }

    // Returns the identifier under which the entry is that an identifier leads to.
    std::uint64_t ShownFor(std::uint64_t id) const noexcept {
        const UtilityMeaning meaning = ids_.Find(id);
        return meaning.IsKnown() ? meaning.queryid : id;
    }

    void Forget(const ResetScope& scope) noexcept {
        if (scope.IsAll()) {
            ids_.Clear();
            texts_.Clear();
        }
    }

private:
    UtilityMeanings ids_;
    UtilityMeanings texts_;
};

}  // namespace elile::core
