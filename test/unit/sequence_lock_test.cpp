// What a sequence lock guards is read whole or not at all, also when a writer dies, and nobody
// waits.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/shared/sequence_lock.hpp"
#include "core/shared/words.hpp"

namespace elile::core {
namespace {

using Lock = SequenceLock<std::uint32_t>;

TEST(Words, AreMovedToTheLastByteAndNotBeyondIt) {
    constexpr char kText[] = "seventeen letters";
    constexpr std::size_t kLength = sizeof(kText) - 1;
    static_assert(WordsFor(kLength) == 3 && WordsFor(kLength - 1) == 2 && WordsFor(0) == 0);
    std::array<Word, WordsFor(kLength) + 1> words;
    for (Word& word : words) {
        Put(word, UINT64_MAX);
    }
    StoreWords(words.data(), kText, kLength);
    EXPECT_EQ(Get(words[2]), std::uint64_t{'s'});
    EXPECT_EQ(Get(words[3]), UINT64_MAX);
    std::array<char, kLength + 2> copy;
    copy.fill('-');
    LoadWords(words.data(), copy.data(), kLength);
    EXPECT_EQ((std::string{copy.data(), copy.size()}), std::string{kText} + "--");
}

TEST(SequenceLock, LetsOneOfSeveralWrite) {
    Lock lock{};
    const std::uint32_t seen = lock.Seen();
    ASSERT_TRUE(lock.TryBegin(seen));
    EXPECT_FALSE(lock.TryBegin(seen));
    EXPECT_FALSE(lock.TryBegin(lock.Seen()));
    EXPECT_FALSE(lock.TryWrite([] { FAIL(); }));
    lock.End(seen + 2);
    EXPECT_FALSE(lock.TryBegin(seen));
    EXPECT_TRUE(lock.TryWrite([] {}));
    EXPECT_EQ(lock.Seen(), seen + 4);
}

TEST(SequenceLock, RefusesWhatWasWrittenMeanwhile) {
    Lock lock{};
    int readings = 0;
    EXPECT_TRUE(lock.Read(2, [&] {
        if (++readings == 1) {
            lock.TryWrite([] {});
        }
    }));
    EXPECT_EQ(readings, 2);
    EXPECT_FALSE(lock.Read(3, [&] { lock.TryWrite([] {}); }));
    const std::uint32_t seen = lock.Seen();
    lock.End(lock.Begin());
    EXPECT_FALSE(lock.IsStill(seen));
    EXPECT_FALSE(lock.IsStill(seen, 1));
    EXPECT_TRUE(lock.IsStill(seen, 2));
}

TEST(SequenceLock, LooksABoundedNumberOfTimesAtWhatADeadWriterLeft) {
    Lock lock{};
    ASSERT_TRUE(lock.TryBegin(lock.Seen()));
    int readings = 0;
    EXPECT_FALSE(lock.Read(7, [&] { ++readings; }));
    EXPECT_EQ(readings, 7);
    EXPECT_FALSE(Lock::IsWhole(lock.Settled(7)));
    EXPECT_TRUE(lock.Mend());
    EXPECT_TRUE(lock.Read(1, [] {}));
    EXPECT_TRUE(Lock::IsWhole(lock.Settled(1)));
    EXPECT_FALSE(lock.Mend());
}

TEST(SequenceLock, LetsTheOnlyWriterGoOnAfterItsDeath) {
    Lock lock{};
    lock.Begin();
    const std::uint32_t whole = lock.Begin();
    EXPECT_EQ(whole, 2U);
    lock.End(whole);
    EXPECT_TRUE(lock.Read(1, [] {}));
}

TEST(SequenceLock, IsNeverSeenHalfWrittenBetweenSeveralWriters) {
    using Data = std::array<std::uint64_t, 16>;
    constexpr std::uint64_t kWritings = 5000;
    Lock lock{};
    std::array<Word, 16> words{};
    std::atomic<std::uint64_t> written{0};
    std::atomic<int> writing{0};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < 3; ++writer) {
        threads.emplace_back([&] {
            while (written.load() < kWritings) {
                lock.TryWrite([&] {
                    EXPECT_EQ(writing.fetch_add(1), 0);
                    Data data;
                    data.fill(written.fetch_add(1) + 1);
                    StoreWords(words.data(), data.data(), sizeof(data));
                    writing.fetch_sub(1);
                });
            }
        });
    }
    std::uint64_t last = 0;
    while (last < kWritings) {
        Data copy;
        if (lock.Read(100, [&] { LoadWords(words.data(), copy.data(), sizeof(copy)); })) {
            Data expected;
            expected.fill(copy[0]);
            EXPECT_EQ(copy, expected);
            EXPECT_GE(copy[0], last);
            last = copy[0];
        }
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

}  // namespace
}  // namespace elile::core
