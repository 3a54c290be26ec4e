// What a process that has entered the sandbox can no longer do; each attempt is made in a child.
#include "exporter/sandbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace elile::exporter {
namespace {

constexpr int kNoSandbox = 100;

// The exit code of what is done inside.
template <typename Attempt>
int InSandbox(Attempt attempt) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(EnterSandbox() == 0 ? attempt() : kNoSandbox);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int ErrorOf(long result) { return result >= 0 ? 0 : errno; }

class SandboxTest : public testing::Test {
protected:
    void SetUp() override {
        if (InSandbox([] { return 0; }) == kNoSandbox) {
            GTEST_SKIP() << "this kernel has no seccomp";
        }
    }
};

TEST_F(SandboxTest, OpensNoFile) {
    for (const char* path : {"/etc/passwd", "/proc/self/environ", "/dev/null", "."}) {
        EXPECT_EQ(InSandbox([path] { return ErrorOf(open(path, O_RDONLY)); }), ENOSYS) << path;
    }
    EXPECT_EQ(InSandbox([] { return ErrorOf(open("/etc/passwd", O_PATH)); }), ENOSYS);
    EXPECT_EQ(InSandbox([] { return ErrorOf(open("/tmp", O_RDWR | O_TMPFILE, 0600)); }), ENOSYS);
}

TEST_F(SandboxTest, ReadsWhatIsOpen) {
    const int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    const auto read_it = [file] {
        char byte = 0;
        struct stat status {};
        return fstat(file, &status) == 0 && pread(file, &byte, 1, 0) == 1 ? 0 : 1;
    };
    EXPECT_EQ(InSandbox(read_it), 0);
    close(file);
}

TEST_F(SandboxTest, ReachesNobody) {
    EXPECT_EQ(InSandbox([] { return ErrorOf(socket(AF_UNIX, SOCK_STREAM, 0)); }), ENOSYS);
    EXPECT_EQ(InSandbox([] { return ErrorOf(connect(0, nullptr, 0)); }), ENOSYS);
    EXPECT_EQ(InSandbox([] { return ErrorOf(kill(getppid(), 0)); }), ENOSYS);
    EXPECT_EQ(InSandbox([] { return ErrorOf(execl("/bin/true", "true", nullptr)); }), ENOSYS);
}

}  // namespace
}  // namespace elile::exporter
