// Decoder: records of the ring to Events, as the audit adapter maps its own, so that lineage and
// detection find the same in both.
#pragma once

#include <cstddef>
#include <span>
#include <string>

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
    Decoder(World& world, SumBook& sums) : world_(world), sums_(sums) {}

    /// One record; at most one event, for which the batch must have room.
    void decode(std::span<const std::byte> record, EventBatch& batch);

    /// `count` more accesses of a sum, the latest at boot time `last`.
    void give_count(const Told& told, std::uint64_t count, std::uint64_t last, EventBatch& batch);

    /// A sum of which no record arrived.
    void give_untold(const mv_sum_key& key, const mv_sum& sum, EventBatch& batch);

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

    World& world_;
    SumBook& sums_;
    DecoderCounts counts_;
};

}  // namespace mailvigil::sensor::ebpf
