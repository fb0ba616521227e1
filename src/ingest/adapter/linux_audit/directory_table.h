// DirectoryTable: which directory a descriptor stands for. Programs that walk trees (tar, find,
// rsync) open files relative to an open directory, and the audit record then holds only the last
// name; the directory's own opening was recorded before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::ingest::adapter::audit_log {

class DirectoryTable {
  public:
    /// How many directories are remembered; a newer one takes the place of an older one with the
    /// same hash.
    static constexpr std::size_t kSlots = 8192;

    void note(std::uint32_t pid, std::int64_t descriptor, std::string_view path);

    /// The directory that the descriptor of that process was opened as; when that is not known (it
    /// was duplicated), the one that the process opened last; empty: none known.
    [[nodiscard]] std::string_view find(std::uint32_t pid, std::int64_t descriptor) const;

  private:
    struct Slot {
        std::uint32_t pid = 0;
        std::int64_t descriptor = 0;
        std::string path;
    };

    static constexpr std::int64_t kLastOpened = -1;

    static std::size_t index(std::uint32_t pid, std::int64_t descriptor);
    void put(std::uint32_t pid, std::int64_t descriptor, std::string_view path);
    [[nodiscard]] std::string_view at(std::uint32_t pid, std::int64_t descriptor) const;

    std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
};

}  // namespace mailvigil::ingest::adapter::audit_log
