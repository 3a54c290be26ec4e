// Users of a file: who gets in, and which files are refused.
#include <crypt.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

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
    static std::string Hash(const char* password) {
        crypt_data room{};
        return crypt_r(password, "$5$rounds=1000$salt$", &room);
    }

    std::filesystem::path folder_;
    std::filesystem::path path_;
    Users users_;
};

TEST_F(UsersTest, WithoutAFileEverybodyMayRead) {
    EXPECT_EQ(users_.Refresh(""), "");
    EXPECT_EQ(users_.Check(""), Users::Access::kGranted);
    EXPECT_FALSE(users_.AreRequired());
}

TEST_F(UsersTest, LetsInWhoIsInTheFile) {
    Write("# who may scrape\r\n\nalice:" + Hash("secret") + "\r\nbob:" + Hash("a:b") + "\n");
    EXPECT_EQ(users_.Refresh(path_), "");
    EXPECT_TRUE(users_.AreRequired());
    // Twice: what was granted once is remembered.
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(users_.Check(kAlice), Users::Access::kGranted);
        EXPECT_EQ(users_.Check(kBob), Users::Access::kGranted);
        for (const std::string& denied :
             {std::string(), std::string(kAliceWrong), std::string(kMallory),
              std::string("Bearer YWxpY2U6c2VjcmV0"), std::string("Basic "),
              std::string("Basic !!!!"), std::string("Basic YWxpY2U="),
              std::string("Basic YWxpY2U6c2VjcmV0AHg="), std::string(kAlice) + "x",
              std::string(100000, 'Q')}) {
            EXPECT_EQ(users_.Check(denied), Users::Access::kDenied) << denied.substr(0, 40);
        }
    }
}

TEST_F(UsersTest, ReadsAChangedFileAgain) {
    Write("alice:" + Hash("secret") + "\n");
    users_.Refresh(path_);
    ASSERT_EQ(users_.Check(kAlice), Users::Access::kGranted);
    std::filesystem::remove(path_);
    Write("alice:" + Hash("changed") + "\n");
    EXPECT_EQ(users_.Refresh(path_), "");
    EXPECT_EQ(users_.Check(kAlice), Users::Access::kDenied);
    std::filesystem::remove(path_);
    EXPECT_NE(users_.Refresh(path_), "");
    EXPECT_EQ(users_.Refresh(path_), "") << "it is said once";
    EXPECT_EQ(users_.Check(kAlice), Users::Access::kNoUsableFile);
}

TEST_F(UsersTest, RefusesAFileThatOthersMayRead) {
    const std::string text = "alice:" + Hash("secret") + "\n";
    Write(text, 0604);
    EXPECT_NE(users_.Refresh(path_).find("can be read by others"), std::string::npos);
    EXPECT_EQ(users_.Check(kAlice), Users::Access::kNoUsableFile);
    Write(text, 0660);
    EXPECT_NE(users_.Refresh(path_), "");
    Write(text, 0600);
    EXPECT_EQ(users_.Refresh(path_), "");
    EXPECT_EQ(users_.Check(kAlice), Users::Access::kGranted);
}

TEST_F(UsersTest, SaysWhatIsWrongWithAFile) {
    Write("");
    EXPECT_NE(users_.Refresh(path_).find("holds no user"), std::string::npos);
    Write("alice:" + Hash("secret") + "\nno colon\n");
    EXPECT_NE(users_.Refresh(path_).find("line 2"), std::string::npos);
    EXPECT_EQ(users_.Check(kAlice), Users::Access::kGranted);
    Write("alice:notahash\n");
    users_.Refresh(path_);
    EXPECT_EQ(users_.Check(kAlice), Users::Access::kDenied);
    EXPECT_NE(users_.Refresh(folder_).find("no regular file"), std::string::npos);
    EXPECT_NE(users_.Refresh(folder_ / "none").find("cannot be read"), std::string::npos);
}

}  // namespace
}  // namespace elile::exporter
