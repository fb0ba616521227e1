// measure FILE COMMAND...: runs the command and writes to FILE its user and system CPU time in
// microseconds, its peak memory in KiB and its exit status. A program of its own because
// getrusage(2) counts a child's memory from the fork on, when it still is its parent's: this parent
// is small.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main(int count, char** words) {
    if (count < 3) {
        std::fputs("usage: measure FILE COMMAND...\n", stderr);
        return 2;
    }
    const pid_t child = fork();
    if (child == 0) {
        execvp(words[2], words + 2);
        std::perror(words[2]);
        _exit(127);
    }
    int status = 0;
    rusage usage{};
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        std::perror("measure");
        return 3;
    }
    std::FILE* file = std::fopen(words[1], "w");
    if (file == nullptr) {
        std::perror(words[1]);
        return 3;
    }
    const auto microseconds = [](const timeval& time) {
        return time.tv_sec * 1'000'000 + time.tv_usec;
    };
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::fprintf(file,
                 "%ld %ld %d\n",
                 microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
                 usage.ru_maxrss,
                 code);
    return std::fclose(file) == 0 ? 0 : 3;
}
