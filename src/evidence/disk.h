// Disk: every call that the ledger makes to a file system, so that tests can make each of them
// fail, tear or be forgotten. PosixDisk is the real one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mailvigil::evidence {

/// A file opened for appending. Closed on destruction, without a sync.
class AppendFile {
  public:
    virtual ~AppendFile() = default;
    /// Appends all of `bytes` or fails; after a failure an unknown part of them may be there.
    virtual Result<void> append(std::string_view bytes) = 0;
    /// fdatasync(2): what was appended survives a crash once this returns.
    virtual Result<void> sync() = 0;
    /// Cuts the file to `size` bytes and syncs.
    virtual Result<void> truncate(std::uint64_t size) = 0;
};

/// No file is read as a whole beyond this.
inline constexpr std::uint64_t kWholeFileBytesMax = std::uint64_t{2} << 30U;

/// Files are plain files: a link, a pipe or a device in the place of one is an Error (malformed),
/// and is not opened.
class Disk {
  public:
    virtual ~Disk() = default;
    /// Opens or creates, mode 0600.
    virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
    /// A whole file. Errors: unknown where it is not there, limit where it has more than
    /// kWholeFileBytesMax; read_whole() of layout.h has narrower limits.
    virtual Result<std::string> read(const std::string& path) = 0;
    /// `size` bytes from `offset`, fewer at the end of the file; takes no more memory than those.
    virtual Result<std::string> read(const std::string& path,
                                     std::uint64_t offset,
                                     std::uint64_t size) = 0;
    virtual Result<std::uint64_t> size(const std::string& path) = 0;
    virtual bool exists(const std::string& path) = 0;
    /// Atomic: rename(2).
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    virtual Result<void> remove(const std::string& path) = 0;
    /// Overwrites a file's bytes with zeros in place, syncs and removes it: private keys.
    virtual Result<void> erase(const std::string& path) = 0;
    /// Creates a folder, mode 0700; fine where it is there.
    virtual Result<void> make_folder(const std::string& path) = 0;
    /// Makes creations, renames and removals in the folder durable.
    virtual Result<void> sync_folder(const std::string& path) = 0;
    /// Names in the folder, sorted.
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
    /// Holds flock(2) on the file until the returned object is destroyed. Error: unwritable, where
    /// somebody else holds it.
    virtual Result<std::unique_ptr<AppendFile>> lock(const std::string& path) = 0;
};

/// The host's file systems. Stateless.
Disk& posix_disk();

}  // namespace mailvigil::evidence
