#include "app/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

namespace mailvigil::app {
namespace {

namespace fs = std::filesystem;

/// What `body` returns in a process of its own, which ends with it.
int in_a_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int kUnsupported = 77;

class ConfinementTest : public ::testing::Test {
  protected:
    ConfinementTest() {
        std::string name = (fs::temp_directory_path() / "mailvigil-confined-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        for (const char* sub : {"/mine", "/shown", "/hidden"}) {
            fs::create_directory(folder_ + sub);
            std::ofstream(folder_ + sub + "/file") << "x";
        }
    }

    ~ConfinementTest() override { fs::remove_all(folder_); }

    std::string folder_;
};

int errno_of_open(const std::string& path, int flags) {
    errno = 0;
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    return fd >= 0 ? ::close(fd) : errno;
}

TEST_F(ConfinementTest, leaves_only_its_own_files) {
    const int done = in_a_child([&] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!confine_files(
                {.readable = {folder_ + "/shown", "/nowhere"}, .writable = {folder_ + "/mine"}})) {
            return kUnsupported;
        }
        return errno_of_open(folder_ + "/mine/file", O_RDWR) != 0                  ? 1
               : errno_of_open(folder_ + "/mine/new", O_CREAT | O_WRONLY) != 0     ? 2
               : ::unlink((folder_ + "/mine/new").c_str()) != 0                    ? 3
               : errno_of_open(folder_ + "/shown/file", O_RDONLY) != 0             ? 4
               : errno_of_open(folder_ + "/shown/file", O_WRONLY) != EACCES        ? 5
               : errno_of_open(folder_ + "/shown/n", O_CREAT | O_WRONLY) != EACCES ? 6
               : errno_of_open(folder_ + "/hidden/file", O_RDONLY) != EACCES       ? 7
                                                                                   : 0;
    });
    if (done == kUnsupported) {
        GTEST_SKIP() << "SKIPPED, LOUDLY: this kernel has no Landlock; the core's files are then "
                        "bounded by its user alone";
    }
    EXPECT_EQ(done, 0);
}

TEST_F(ConfinementTest, leaves_no_other_program_and_no_network) {
    EXPECT_EQ(
        in_a_child([&] {
            if (!confine_calls()) {
                return kUnsupported;
            }
            char program[] = "/bin/true";
            char* arguments[] = {program, nullptr};
            if (::execv(program, arguments) == 0 || errno != EPERM) {
                return 1;
            }
            errno = 0;
            if (::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) != -1 || errno != EPERM) {
                return 2;
            }
            if (::socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM) {
                return 3;
            }
            return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 4;
        }),
        0);
}

TEST_F(ConfinementTest, becomes_a_user_for_good) {
    if (::getuid() != 0) {
        GTEST_SKIP() << "SKIPPED, LOUDLY: becoming another user needs root";
    }
    EXPECT_EQ(in_a_child([&] {
                  if (!become_user("nobody")) {
                      return 1;
                  }
                  if (::getuid() == 0 || ::getgid() == 0 || ::setuid(0) == 0) {
                      return 2;
                  }
                  return errno_of_open(folder_ + "/hidden/file", O_RDONLY) == EACCES ? 0 : 3;
              }),
              0);
}

TEST_F(ConfinementTest, names_a_user_that_is_not_there) {
    const auto became = become_user("nobody-of-that-name");
    ASSERT_FALSE(became);
    EXPECT_EQ(became.error().message, "there is no user \"nobody-of-that-name\"");
}

}  // namespace
}  // namespace mailvigil::app
