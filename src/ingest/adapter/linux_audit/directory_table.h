// DirectoryTable: which directory a descriptor stands for. Programs that walk trees (tar, find,
// rsync) open files relative to an open directory, and the audit record then holds only the last
// name; the directory's own opening was recorded before. fts(3) of grep, find and rm duplicates the
// descriptor, which no record tells: then the order of the walk does.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::ingest::adapter::audit_log {

/// A pid on one node.
using ProcessKey = std::uint64_t;

class DirectoryTable {
  public:
    /// How many descriptors and how many walking processes are remembered; a newer one takes the
    /// place of an older one with the same hash.
    static constexpr std::size_t kSlots = 8192;
    static constexpr std::size_t kWalks = 1024;
    /// Of each walk: directories opened last, and what duplicated descriptors were taken to be.
    static constexpr std::size_t kRecentMax = 8;
    static constexpr std::size_t kGuessesMax = 8;

    struct Directory {
        std::string_view path;
        std::uint32_t owner = 0;
    };

    /// The process opened a directory.
    void note(ProcessKey process, std::int64_t descriptor, const Directory& directory);
    /// The descriptor is known to stand for that directory, whoever opened it.
    void learn(ProcessKey process, std::int64_t descriptor, std::string_view path);
    /// The descriptor now stands for something else than a directory.
    void forget(ProcessKey process, std::int64_t descriptor);
    /// The directory was removed.
    void remove(ProcessKey process, std::string_view path);

    /// What the descriptor was opened as; empty: not known.
    [[nodiscard]] std::string_view find(ProcessKey process, std::int64_t descriptor) const;

    struct Child {
        std::string_view name;
        bool is_directory = false;
        std::uint32_t owner = 0;
    };

    /// For a descriptor that nobody opened: the directory that the child most likely lies in, by
    /// the order of the walk so far; empty: nothing fits.
    [[nodiscard]] std::string_view guess(ProcessKey process,
                                         std::int64_t descriptor,
                                         const Child& child);

  private:
    struct Slot {
        ProcessKey process = 0;
        std::int64_t descriptor = 0;
        std::string path;
    };

    struct Opened {
        std::string path;
        std::uint32_t owner = 0;

        [[nodiscard]] bool fits(const Child& child) const;
    };

    struct Guess {
        std::int64_t descriptor = -1;
        Opened directory;
    };

    struct Walk {
        ProcessKey process = 0;
        std::array<Opened, kRecentMax> recent;  ///< a ring; the latest is at next - 1
        std::size_t next = 0;
        std::array<Guess, kGuessesMax> guesses;
        std::size_t next_guess = 0;
    };

    static std::size_t index(ProcessKey process, std::int64_t descriptor);
    Walk* walk_of(ProcessKey process);
    Walk& start_walk(ProcessKey process);

    std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
    std::vector<Walk> walks_ = std::vector<Walk>(kWalks);
};

/// Whether a child of that kind may lie in the directory: cur, new and tmp of a Maildir hold no
/// directories.
bool is_plausible(std::string_view directory, const DirectoryTable::Child& child);

}  // namespace mailvigil::ingest::adapter::audit_log
