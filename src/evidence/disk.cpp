#include "evidence/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/fd.h"

namespace mailvigil::evidence {

namespace {

/// Of a file that is erased so many bytes are overwritten; private keys have a few hundred.
constexpr std::uint64_t kErasedBytesMax = std::uint64_t{1} << 20U;

/// What errno says, as an Error about `path`.
std::unexpected<Error> failure(std::string_view doing, const std::string& path) {
    const int error = errno;
    ErrorCode code = ErrorCode::unwritable;
    if (error == ENOENT) {
        code = ErrorCode::unknown;
    } else if (error == EACCES && doing == "read") {
        code = ErrorCode::unreadable;
    } else if (error == ELOOP) {
        code = ErrorCode::malformed;
    }
    return fail(code, fmt::format("cannot {} {}: {}", doing, path, std::strerror(error)));
}

class PosixFile : public AppendFile {
  public:
    PosixFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Result<void> append(std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_.number(), bytes.data(), bytes.size());
            if (written < 0) {
                if (errno == EINTR) {
                    continue;
                }
                return failure("write to", path_);
            }
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return {};
    }

    Result<void> sync() override {
        if (::fdatasync(fd_.number()) != 0) {
            return failure("sync", path_);
        }
        return {};
    }

    Result<void> truncate(std::uint64_t size) override {
        if (::ftruncate(fd_.number(), static_cast<off_t>(size)) != 0) {
            return failure("cut", path_);
        }
        return sync();
    }

  private:
    Fd fd_;
    std::string path_;
};

std::unexpected<Error> no_plain_file(const std::string& path) {
    return fail(ErrorCode::malformed, fmt::format("{} is no plain file", path));
}

/// Opens a plain file and nothing else: whoever may put a link or a pipe in its place must neither
/// lead the reading elsewhere nor make it wait.
Result<Fd> open_plain(const std::string& path,
                      int flags,
                      std::string_view doing,
                      std::uint64_t* size = nullptr) {
    Fd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (!fd) {
        return errno == ENXIO ? no_plain_file(path) : failure(doing, path);
    }
    struct stat status{};
    if (::fstat(fd.number(), &status) != 0) {
        return failure(doing, path);
    }
    if (!S_ISREG(status.st_mode)) {
        return no_plain_file(path);
    }
    if (size != nullptr) {
        *size = static_cast<std::uint64_t>(status.st_size);
    }
    return fd;
}

Result<std::string> read_range(const Fd& fd,
                               const std::string& path,
                               std::uint64_t offset,
                               std::uint64_t size) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t count = ::pread(
            fd.number(), bytes.data() + got, bytes.size() - got, static_cast<off_t>(offset + got));
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            return failure("read", path);
        }
        if (count == 0) {
            break;
        }
        got += static_cast<std::size_t>(count);
    }
    bytes.resize(got);
    return bytes;
}

class PosixDisk : public Disk {
  public:
    Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override {
        Fd fd = TRY(open_plain(path, O_WRONLY | O_CREAT | O_APPEND, "open"));
        return std::make_unique<PosixFile>(std::move(fd), path);
    }

    Result<std::string> read(const std::string& path) override {
        std::uint64_t bytes = 0;
        const Fd fd = TRY(open_plain(path, O_RDONLY, "read", &bytes));
        if (bytes > kWholeFileBytesMax) {
            return fail(
                ErrorCode::limit,
                fmt::format(
                    "{} has {} bytes; at most {} are read", path, bytes, kWholeFileBytesMax));
        }
        return read_range(fd, path, 0, bytes);
    }

    Result<std::string> read(const std::string& path,
                             std::uint64_t offset,
                             std::uint64_t size) override {
        std::uint64_t bytes = 0;
        const Fd fd = TRY(open_plain(path, O_RDONLY, "read", &bytes));
        return read_range(fd, path, offset, std::min(size, bytes - std::min(bytes, offset)));
    }

    Result<std::uint64_t> size(const std::string& path) override {
        struct stat status{};
        if (::lstat(path.c_str(), &status) != 0) {
            return failure("read", path);
        }
        if (!S_ISREG(status.st_mode)) {
            return no_plain_file(path);
        }
        return static_cast<std::uint64_t>(status.st_size);
    }

    bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) {
            return failure("rename", from);
        }
        return {};
    }

    Result<void> remove(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) {
            return failure("remove", path);
        }
        return {};
    }

    Result<void> erase(const std::string& path) override {
        std::uint64_t bytes = 0;
        const Fd fd = TRY(open_plain(path, O_WRONLY, "erase", &bytes));
        const std::string zeros(std::min<std::uint64_t>(bytes, kErasedBytesMax), '\0');
        if (::pwrite(fd.number(), zeros.data(), zeros.size(), 0) !=
                static_cast<ssize_t>(zeros.size()) ||
            ::fdatasync(fd.number()) != 0) {
            return failure("erase", path);
        }
        return remove(path);
    }

    Result<void> make_folder(const std::string& path) override {
        if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
            return failure("create", path);
        }
        return {};
    }

    Result<void> sync_folder(const std::string& path) override {
        const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd || ::fsync(fd.number()) != 0) {
            return failure("sync", path);
        }
        return {};
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        DIR* folder = ::opendir(path.c_str());
        if (folder == nullptr) {
            return failure("read", path);
        }
        std::vector<std::string> names;
        while (const dirent* entry = ::readdir(folder)) {
            const std::string_view name = static_cast<const char*>(entry->d_name);
            if (name != "." && name != "..") {
                names.emplace_back(name);
            }
        }
        ::closedir(folder);
        std::ranges::sort(names);
        return names;
    }

    Result<std::unique_ptr<AppendFile>> lock(const std::string& path) override {
        Fd fd = TRY(open_plain(path, O_RDWR | O_CREAT, "open"));
        if (::flock(fd.number(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) {
                return fail(ErrorCode::unwritable,
                            fmt::format("{} is held by another mailvigil; only one may write an "
                                        "evidence folder at a time",
                                        path));
            }
            return failure("lock", path);
        }
        return std::make_unique<PosixFile>(std::move(fd), path);
    }
};

}  // namespace

Disk& posix_disk() {
    static PosixDisk disk;
    return disk;
}

}  // namespace mailvigil::evidence
