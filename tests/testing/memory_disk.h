// MemoryDisk: a file system in memory that can lose power, fill up and fail, for tests. It forgets
// what was not synced, as a real one may.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "evidence/disk.h"

namespace mailvigil::testing {

using evidence::AppendFile;

class MemoryDisk : public evidence::Disk {
  public:
    /// What becomes of unsynced things when the power goes.
    enum class PowerLoss : std::uint8_t {
        forgets,      ///< unsynced bytes and names are gone
        keeps,        ///< everything that was written is there (kill -9)
        tears,        ///< half of the unsynced bytes of each file is there
        fills_zeros,  ///< the size is there, the bytes are zeros
    };

    /// After so many more changes (appends, syncs, renames, ...) the power goes: that change and
    /// all later ones fail. `within`: an append is cut after so many bytes.
    void fail_after(std::uint64_t changes, std::uint64_t within = 0);

    /// So many of the next changes of this kind ("write to", "sync", "cut", "rename", ...) to a
    /// file or folder fail, as on a disk that is full or bad; of a write half gets through. Later
    /// ones go well again.
    void fail_next(std::string_view what, std::string path, unsigned times = 1);

    /// Comes back after a power loss: a new disk with what survived.
    [[nodiscard]] std::unique_ptr<MemoryDisk> after(PowerLoss loss) const;

    [[nodiscard]] std::uint64_t changes() const { return changes_; }

    [[nodiscard]] bool failed() const { return failed_; }

    void set_capacity(std::optional<std::uint64_t> bytes) { capacity_ = bytes; }

    void set_read_only(bool read_only) { read_only_ = read_only; }

    /// Direct access for tampering.
    std::string& bytes(const std::string& path);
    [[nodiscard]] std::vector<std::string> files() const;
    void forget(const std::string& path);

    // Disk
    Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
    Result<std::string> read(const std::string& path) override;
    Result<std::string> read(const std::string& path,
                             std::uint64_t offset,
                             std::uint64_t size) override;
    Result<std::uint64_t> size(const std::string& path) override;
    bool exists(const std::string& path) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& path) override;
    Result<void> erase(const std::string& path) override;
    Result<void> make_folder(const std::string& path) override;
    Result<void> sync_folder(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    Result<std::unique_ptr<AppendFile>> lock(const std::string& path) override;

  private:
    friend class MemoryFile;

    struct File {
        std::string bytes;
        std::string synced;  ///< what survives
    };

    using Names = std::map<std::string, std::shared_ptr<File>>;

    /// Counts a change; an Error where it must not happen.
    Result<void> change(std::string_view what, const std::string& path);
    [[nodiscard]] std::uint64_t used() const;

    Names names_;
    Names synced_names_;
    std::set<std::string> folders_;
    std::set<std::string> synced_folders_;
    std::set<std::string> locked_;
    std::uint64_t changes_ = 0;
    std::optional<std::uint64_t> fails_at_;
    std::uint64_t within_ = 0;
    bool failed_ = false;
    std::map<std::pair<std::string, std::string>, unsigned> failing_;  ///< by what and path
    bool read_only_ = false;
    std::optional<std::uint64_t> capacity_;
};

}  // namespace mailvigil::testing
