// ProcessTable: every process life that the sensors know of, with what was taken in the kernel at
// its exec. Processes that are gone stay for a while, because other sensors name them late.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sensor/ebpf/wire.h"
#include "sensor/watch_plan.h"

namespace mailvigil::sensor {

/// What a process runs since its latest exec; shared by its forks.
struct Image {
    std::string executable;
    std::string named;  ///< as execve(2) was called, full
    std::string working_directory;
    std::string terminal;
    std::vector<std::string> args;
    std::vector<std::string> streams;  ///< "0 pipe:[123]"
    std::uint64_t input_pipe = 0;      ///< standard input, where it is a pipe
    std::uint64_t output_pipe = 0;     ///< standard output
    std::string output;                ///< the file that standard output is
    FileKey output_key;
    std::uint32_t output_mode = 0;
    bool args_cut = false;
    std::uint32_t mode = 0;
    std::uint32_t owner = 0;
    std::uint32_t mount_namespace = 0;
    std::uint32_t pid_namespace = 0;
    std::uint32_t uses = 0;
};

struct Life {
    mv_who who{};
    std::uint32_t image = 0;
    bool from_proc = false;   ///< start is known to the hundredth of a second only
    bool attributed = true;   ///< false: neither its exec nor /proc told what it runs
    std::uint64_t ended = 0;  ///< boot time; 0: lives
};

class ProcessTable {
  public:
    /// More lives at one time: the ones that ended longest ago go, then nothing is added.
    static constexpr std::size_t kLivesMax = 65'536;
    /// How long an ended life is known.
    static constexpr std::uint64_t kKeptNs = 5'000'000'000;

    ProcessTable();

    /// A process runs something else now.
    Life& exec(const mv_who& who, Image image);

    /// A process came into being; it runs what its parent runs.
    Life& fork(const mv_who& who);

    void exit(const mv_who& who, std::uint64_t time);

    /// The life that acted, brought up to date with what the kernel says of it now. A life that is
    /// not known is looked for in /proc.
    Life& touch(const mv_who& who);

    /// The latest life of that pid, from /proc where no sensor told of it; null: there is none.
    const Life* find_or_read(std::uint32_t pid);

    /// The latest life of that pid; null: none known.
    [[nodiscard]] const Life* find(std::uint32_t pid) const;

    [[nodiscard]] const Life* parent(const Life& life) const;

    /// Calls `visit` with every life whose standard input is that pipe.
    template <class Visit>
    void for_each_reader(std::uint64_t pipe, const Visit& visit) const {
        for (const auto& [pid, life] : lives_) {
            if (image(life).input_pipe == pipe) {
                visit(life);
            }
        }
    }

    [[nodiscard]] const Image& image(const Life& life) const { return images_[life.image]; }

    /// Forgets lives that ended before `now - kKeptNs`.
    void sweep(std::uint64_t now);

    [[nodiscard]] std::size_t size() const { return lives_.size(); }

    /// Lives of which neither an exec nor /proc told what they run.
    [[nodiscard]] std::uint64_t unattributed() const { return unattributed_; }

    /// Reads all of /proc. In the order of their start.
    std::vector<std::uint32_t> read_proc();

  private:
    std::uint32_t keep(Image image);
    void drop(std::uint32_t image);
    void assign(Life& life, std::uint32_t image);
    Life& place(const mv_who& who);
    bool read_one(std::uint32_t pid, Life& life, Image& image) const;

    std::unordered_map<std::uint32_t, Life> lives_;
    std::vector<Image> images_;
    std::vector<std::uint32_t> free_images_;
    std::deque<std::pair<std::uint64_t, std::uint32_t>> ended_;  ///< (time, pid)
    Life spare_;                                                 ///< when the table is full
    std::uint64_t unattributed_ = 0;
};

/// Whether both are of one life: the same to the hundredth of a second where one is from /proc.
bool is_same_life(const Life& life, const mv_who& who);

/// The text that the kernel's d_path would give: names leaf first, each ended by a NUL.
std::string join_names(std::string_view names);

}  // namespace mailvigil::sensor
