// Decoder: records of the ring to Events, as the audit adapter maps its own, so that lineage and
// detection find the same in both.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <unordered_set>

#include "event/event_batch.h"
#include "sensor/ebpf/sum_book.h"
#include "sensor/world.h"

namespace mailvigil::sensor::ebpf {

struct DecoderCounts {
    std::uint64_t records = 0;
    std::uint64_t malformed = 0;
    std::uint64_t events = 0;
    std::uint64_t repeated = 0;  ///< a sum told twice
};

class Decoder {
  public:
    /// Pipes that mail went through; beyond them all are forgotten.
    static constexpr std::size_t kPipesMax = 4096;
    /// Programs one behind the other.
    static constexpr int kPipelineMax = 16;

    Decoder(World& world, SumBook& sums) : world_(world), sums_(sums) {}

    /// One record; at most one event, for which the batch must have room.
    void decode(std::span<const std::byte> record, EventBatch& batch);

    /// `count` more accesses of a sum, the latest at boot time `last`.
    void give_count(const Told& told, std::uint64_t count, std::uint64_t last, EventBatch& batch);

    /// A sum of which no record arrived.
    void give_untold(const mv_sum_key& key, const mv_sum& sum, EventBatch& batch);

    /// Files that programs write which are fed mail through a pipe. True: there are more.
    bool give_fed(EventBatch& batch);

    void give_exit(const EndedProcess& ended, EventBatch& batch);

    [[nodiscard]] const DecoderCounts& counts() const { return counts_; }

  private:
    void exec(const mv_exec& exec, std::string_view text, EventBatch& batch);
    void fork(const mv_fork& fork, EventBatch& batch);
    void file(const mv_file& file, std::string_view text, EventBatch& batch);
    void denied(const mv_denied& denied, std::string_view text, EventBatch& batch);
    void connect(const mv_connect& connect, EventBatch& batch);
    Event& give_file(const mv_file& file,
                     std::string_view path,
                     const Life& life,
                     Timestamp time,
                     EventBatch& batch);
    bool find_path(const mv_file& file, std::string_view names, std::string& path);

    void carry(const Life& life, int depth);
    void feed(const Life& life, int depth);

    struct Fed {
        mv_who who{};
        std::uint32_t image_mode = 0;
        std::string executable;
        std::string path;
        FileKey key;
    };

    World& world_;
    SumBook& sums_;
    std::unordered_set<std::uint64_t> mail_pipes_;
    std::deque<Fed> fed_;
    DecoderCounts counts_;
};

}  // namespace mailvigil::sensor::ebpf
