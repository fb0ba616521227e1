// InodeNames: under which full name an inode was seen last. A record that names a file relative to
// an unknown descriptor, or not at all (fchmod), still holds device and inode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::ingest::adapter::audit_log {

struct InodeKey {
    std::uint64_t node = 0;   ///< the machine
    std::string_view device;  ///< as in the record, "08:01"
    std::uint64_t inode = 0;
};

class InodeNames {
  public:
    /// A newer inode takes the place of an older one with the same hash.
    static constexpr std::size_t kSlots = 65'536;

    void note(const InodeKey& key, std::string_view path);
    /// The name was removed.
    void forget(const InodeKey& key);
    /// Empty: not known.
    [[nodiscard]] std::string_view find(const InodeKey& key) const;

  private:
    struct Slot {
        std::uint64_t hash = 0;
        std::string path;
    };

    std::vector<Slot> slots_;  ///< empty until the first note()
};

}  // namespace mailvigil::ingest::adapter::audit_log
