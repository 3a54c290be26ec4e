// The segment's memory where the system refuses its file, and not the memory. What is refused stays
// so, hence each attempt is made in a child.
#include "store/segment_file.hpp"

#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

namespace elile::store {
namespace {

constexpr std::size_t kBytes = 1 << 20;
constexpr int kNoFilter = 100;

template <typename Attempt>
int InChild(Attempt attempt) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(attempt());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Whether a child by fork sees what is written, so that it is the server's memory all the same.
bool IsShared(void* memory) {
    auto* bytes = static_cast<volatile unsigned char*>(memory);
    bytes[kBytes - 1] = 1;
    const int seen = InChild([bytes] {
        bytes[0] = 7;
        return static_cast<int>(bytes[kBytes - 1]);
    });
    return seen == 1 && bytes[0] == 7;
}

// 0 when there is memory without a file and the step that failed is named with this error.
int HasMemoryOnly(std::string_view step, int error) {
    const SegmentFile file = MakeSegmentFile(kBytes);
    const bool names_it = file.failed_step != nullptr && step == file.failed_step;
    return file.memory != nullptr && file.read_only == -1 && names_it && file.error == error &&
                   IsShared(file.memory)
               ? 0
               : 1;
}

bool Refuse(int call, int error, unsigned comparisons = 0, scmp_arg_cmp comparison = {}) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    return filter != nullptr &&
           seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call,
                                  comparisons, &comparison) == 0 &&
           seccomp_load(filter) == 0;
}

class SegmentFileTest : public testing::Test {
protected:
    void SetUp() override {
        if (InChild([] { return Refuse(SCMP_SYS(chroot), EPERM) ? 0 : kNoFilter; }) != 0) {
            GTEST_SKIP() << "this kernel has no seccomp";
        }
    }
};

TEST_F(SegmentFileTest, IsMemoryOnlyWhereTheFileIsRefused) {
    for (const int error : {EPERM, ENOSYS, EACCES}) {
        EXPECT_EQ(InChild([error] {
                      return Refuse(SCMP_SYS(memfd_create), error) ? HasMemoryOnly("create", error)
                                                                   : kNoFilter;
                  }),
                  0)
            << strerror(error);
    }
    EXPECT_EQ(InChild([] {
                  return Refuse(SCMP_SYS(fallocate), ENOSYS) ? HasMemoryOnly("allocate", ENOSYS)
                                                             : kNoFilter;
              }),
              0);
}

TEST_F(SegmentFileTest, SaysThatMemoryIsWanting) {
    EXPECT_EQ(InChild([] {
                  if (!Refuse(SCMP_SYS(fallocate), ENOMEM)) {
                      return kNoFilter;
                  }
                  const SegmentFile file = MakeSegmentFile(kBytes);
                  return file.memory == nullptr && file.error == ENOMEM &&
                                 std::string_view(file.failed_step) == "allocate"
                             ? 0
                             : 1;
              }),
              0);
}

TEST_F(SegmentFileTest, AsksForAFileThatNobodyCanExecute) {
    constexpr scmp_datum_t kNoExecSeal = 8;
    EXPECT_EQ(InChild([] {
                  const scmp_arg_cmp without{1, SCMP_CMP_MASKED_EQ, kNoExecSeal, 0};
                  if (!Refuse(SCMP_SYS(memfd_create), EACCES, 1, without)) {
                      return kNoFilter;
                  }
                  return MakeSegmentFile(kBytes).read_only >= 0 ? 0 : 1;
              }),
              0);
}

TEST_F(SegmentFileTest, DoesWithoutThatOnAnOlderKernel) {
    constexpr scmp_datum_t kNoExecSeal = 8;
    EXPECT_EQ(InChild([] {
                  const scmp_arg_cmp with{1, SCMP_CMP_MASKED_EQ, kNoExecSeal, kNoExecSeal};
                  if (!Refuse(SCMP_SYS(memfd_create), EINVAL, 1, with)) {
                      return kNoFilter;
                  }
                  return MakeSegmentFile(kBytes).read_only >= 0 ? 0 : 1;
              }),
              0);
}

TEST(SegmentFile, IsNoMatterOfHowLargeFilesMayBe) {
    EXPECT_EQ(InChild([] {
                  rlimit limit{};
                  std::signal(SIGXFSZ, SIG_IGN);
                  getrlimit(RLIMIT_FSIZE, &limit);
                  limit.rlim_cur = kBytes / 2;
                  setrlimit(RLIMIT_FSIZE, &limit);
                  const SegmentFile file = MakeSegmentFile(kBytes);
                  getrlimit(RLIMIT_FSIZE, &limit);
                  return file.read_only >= 0 && limit.rlim_cur == kBytes / 2 ? 0 : 1;
              }),
              0);
    EXPECT_EQ(InChild([] {
                  const rlimit limit{kBytes / 2, kBytes / 2};
                  std::signal(SIGXFSZ, SIG_IGN);
                  setrlimit(RLIMIT_FSIZE, &limit);
                  return HasMemoryOnly("allocate", EFBIG);
              }),
              0);
}

TEST(SegmentFile, SaysWhatFailed) {
    const SegmentFile file = MakeSegmentFile(0);
    EXPECT_EQ(file.memory, nullptr);
    EXPECT_STREQ(file.failed_step, "map");
    EXPECT_NE(file.error, 0);
}

}  // namespace
}  // namespace elile::store
