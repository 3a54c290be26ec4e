// Users of a file: who gets in, and which files are refused.
#include <crypt.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/snapshot/exporter_link.hpp"
#include "exporter/users.hpp"

namespace elile::exporter {
namespace {

// alice:secret, bob:a:b, alice:wrong, mallory:secret
constexpr const char* kAlice = "Basic YWxpY2U6c2VjcmV0";
constexpr const char* kBob = "basic Ym9iOmE6Yg==";
constexpr const char* kAliceWrong = "Basic YWxpY2U6d3Jvbmc=";
constexpr const char* kMallory = "Basic bWFsbG9yeTpzZWNyZXQ=";

class UsersTest : public testing::Test {
protected:
    UsersTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "elile.users.XXXXXX";
        folder_ = mkdtemp(pattern.data());
        path_ = folder_ / "users";
    }
    ~UsersTest() override { std::filesystem::remove_all(folder_); }

    void Write(const std::string& text, mode_t mode = 0600) {
        std::ofstream(path_) << text;
        chmod(path_.c_str(), mode);
    }
    // As the keeper hands it over.
    std::string Refresh(const std::string& path) {
        UsersFile file;
        file.path = path;
        const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        file.error = descriptor < 0 && !path.empty() ? errno : 0;
        file.content.Take(descriptor);
        return users_.Take(file);
    }
    static std::string Hash(const char* password) {
        crypt_data room{};
        return crypt_r(password, "$5$rounds=1000$salt$", &room);
    }

    Users::Access Check(const std::string& authorization) { return users_.Check(authorization, 1); }
    // Comes again as long as there is no place, as a client is told to: a busy machine hashes
    // slowly.
    Users::Access CheckUntilTold(const std::string& authorization) {
        constexpr int kMost = 100;
        Users::Access access = Check(authorization);
        for (int time = 1; time < kMost && access == Users::Access::kTooMany; ++time) {
            access = Check(authorization);
        }
        return access;
    }
    // A hash that takes a good while, so that many meet.
    static std::string SlowHash(const char* password) {
        crypt_data room{};
        return crypt_r(password, "$5$rounds=200000$salt$", &room);
    }
    static std::string Basic(const std::string& credentials) {
        constexpr const char* kDigits =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string out = "Basic ";
        unsigned bits = 0;
        int held = 0;
        for (const char byte : credentials) {
            bits = bits << 8 | static_cast<unsigned char>(byte);
            for (held += 8; held >= 6; held -= 6) {
                out += kDigits[bits >> (held - 6) & 63];
            }
        }
        return held > 0 ? out + kDigits[bits << (6 - held) & 63] : out;
    }
    // Guesses by so many threads, each of another password, of the same user and source.
    std::map<Users::Access, int> GuessAtOnce(int threads, std::uint64_t source) {
        std::mutex mutex;
        std::map<Users::Access, int> count;
        std::vector<std::thread> guessers;
        for (int number = 0; number < threads; ++number) {
            guessers.emplace_back([&, number] {
                const Users::Access access = users_.Check(
                    Basic("alice:" + std::to_string(source) + "/" + std::to_string(number)),
                    source);
                const std::lock_guard lock(mutex);
                ++count[access];
            });
        }
        for (std::thread& guesser : guessers) {
            guesser.join();
        }
        return count;
    }

    std::filesystem::path folder_;
    std::filesystem::path path_;
    Users users_;
};

TEST_F(UsersTest, NobodyMayReadBeforeItIsKnownWhoMay) {
    EXPECT_EQ(Check(""), Users::Access::kNoUsableFile);
    EXPECT_EQ(Check(kAlice), Users::Access::kNoUsableFile);
    EXPECT_TRUE(users_.AreRequired());
}

TEST_F(UsersTest, WithoutAFileEverybodyMayRead) {
    EXPECT_EQ(Refresh(""), "");
    EXPECT_EQ(Check(""), Users::Access::kGranted);
    EXPECT_FALSE(users_.AreRequired());
}

TEST_F(UsersTest, LetsInWhoIsInTheFile) {
    Write("# who may scrape\r\n\nalice:" + Hash("secret") + "\r\nbob:" + Hash("a:b") + "\n");
    EXPECT_EQ(Refresh(path_), "");
    EXPECT_TRUE(users_.AreRequired());
    // Twice: what was granted once is remembered.
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(CheckUntilTold(kAlice), Users::Access::kGranted);
        EXPECT_EQ(CheckUntilTold(kBob), Users::Access::kGranted);
        for (const std::string& denied :
             {std::string(), std::string(kAliceWrong), std::string(kMallory),
              std::string("Bearer YWxpY2U6c2VjcmV0"), std::string("Basic "),
              std::string("Basic !!!!"), std::string("Basic YWxpY2U="),
              std::string("Basic YWxpY2U6c2VjcmV0AHg="), std::string(kAlice) + "x",
              std::string(100000, 'Q')}) {
            EXPECT_EQ(CheckUntilTold(denied), Users::Access::kDenied) << denied.substr(0, 40);
        }
    }
}

TEST_F(UsersTest, LetsInAtOnceWhoWasLetInBefore) {
    using Clock = std::chrono::steady_clock;
    Write("alice:" + SlowHash("secret") + "\nbob:" + SlowHash("a:b") + "\n");
    Refresh(path_);
    const auto begin = Clock::now();
    ASSERT_EQ(CheckUntilTold(kAlice), Users::Access::kGranted);
    ASSERT_EQ(CheckUntilTold(kBob), Users::Access::kGranted);
    const Clock::duration first = Clock::now() - begin;
    const auto next = Clock::now();
    for (int turn = 0; turn < 20; ++turn) {
        ASSERT_EQ(Check(kAlice), Users::Access::kGranted);
        ASSERT_EQ(Check(kBob), Users::Access::kGranted);
    }
    EXPECT_LT(Clock::now() - next, 5 * first) << "twenty turns take less than five were hashed";
}

TEST_F(UsersTest, ChecksFewPasswordsAtOnce) {
    constexpr int kPlacesOfSource = 4;
    Write("alice:" + SlowHash("secret") + "\n");
    Refresh(path_);
    auto count = GuessAtOnce(40, 1);
    EXPECT_EQ(count[Users::Access::kGranted] + count[Users::Access::kNoUsableFile], 0);
    EXPECT_GT(count[Users::Access::kTooMany], 0);
    EXPECT_EQ(CheckUntilTold(kAliceWrong), Users::Access::kDenied);
    std::thread storm([this] { GuessAtOnce(40, 1); });
    std::map<Users::Access, int> others;
    for (std::uint64_t source = 2; source < 4; ++source) {
        ++others[users_.Check(Basic("alice:from " + std::to_string(source)), source)];
    }
    storm.join();
    EXPECT_EQ(others[Users::Access::kGranted], 0);
    // What was granted takes no place.
    while (Check(kAlice) == Users::Access::kTooMany) {
    }
    std::thread again([this] { GuessAtOnce(kPlacesOfSource * 10, 9); });
    for (int time = 0; time < 100; ++time) {
        EXPECT_EQ(Check(kAlice), Users::Access::kGranted);
    }
    again.join();
}

// Whoever had no place has one of those that guesses which are made once do not take.
TEST_F(UsersTest, LetsInWhoComesAgain) {
    Write("alice:" + SlowHash("secret") + "\n");
    Refresh(path_);
    std::atomic<bool> ends = false;
    std::atomic<std::uint64_t> number = 0;
    std::vector<std::thread> guessers;
    for (int guesser = 0; guesser < 12; ++guesser) {
        guessers.emplace_back([&] {
            while (!ends) {
                EXPECT_NE(Check(Basic("alice:guess " + std::to_string(++number))),
                          Users::Access::kGranted);
            }
        });
    }
    while (number < 100) {
        std::this_thread::yield();
    }
    int asked = 1;
    while (Check(kAlice) == Users::Access::kTooMany && asked < 20) {
        ++asked;
    }
    ends = true;
    for (std::thread& guesser : guessers) {
        guesser.join();
    }
    EXPECT_LT(asked, 20);
    EXPECT_EQ(Check(kAlice), Users::Access::kGranted);
}

TEST_F(UsersTest, ReadsAChangedFileAgain) {
    Write("alice:" + Hash("secret") + "\n");
    Refresh(path_);
    ASSERT_EQ(Check(kAlice), Users::Access::kGranted);
    std::filesystem::remove(path_);
    Write("alice:" + Hash("changed") + "\n");
    EXPECT_EQ(Refresh(path_), "");
    EXPECT_EQ(Check(kAlice), Users::Access::kDenied);
    std::filesystem::remove(path_);
    EXPECT_NE(Refresh(path_), "");
    EXPECT_EQ(Check(kAlice), Users::Access::kNoUsableFile);
}

TEST_F(UsersTest, RefusesAFileThatOthersMayRead) {
    const std::string text = "alice:" + Hash("secret") + "\n";
    Write(text, 0604);
    EXPECT_NE(Refresh(path_).find("can be read by others"), std::string::npos);
    EXPECT_EQ(Check(kAlice), Users::Access::kNoUsableFile);
    Write(text, 0660);
    EXPECT_NE(Refresh(path_), "");
    Write(text, 0600);
    EXPECT_EQ(Refresh(path_), "");
    EXPECT_EQ(Check(kAlice), Users::Access::kGranted);
}

TEST_F(UsersTest, SaysWhatIsWrongWithAFile) {
    Write("");
    EXPECT_NE(Refresh(path_).find("holds no user"), std::string::npos);
    Write("alice:" + Hash("secret") + "\nno colon\n");
    EXPECT_NE(Refresh(path_).find("line 2"), std::string::npos);
    EXPECT_EQ(Check(kAlice), Users::Access::kGranted);
    Write("alice:notahash\n");
    Refresh(path_);
    EXPECT_EQ(Check(kAlice), Users::Access::kDenied);
    UsersFile folder;
    folder.path = folder_;
    folder.error = core::kNotRegular;
    EXPECT_NE(users_.Take(folder).find("no regular file"), std::string::npos);
    EXPECT_NE(Refresh(folder_ / "none").find("cannot be read: No such file"), std::string::npos);
    Write(std::string(1 << 20, '#') + "\nalice:" + Hash("secret") + "\n");
    EXPECT_NE(Refresh(path_).find("more than 1 MB"), std::string::npos);
    EXPECT_EQ(Check(kAlice), Users::Access::kNoUsableFile);
}

}  // namespace
}  // namespace elile::exporter
