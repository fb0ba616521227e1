// AuditDecoder: lines of the audit log to Events. Gathers the records of each event, gives an event
// out as soon as it is whole, gives up on one when the log has moved on, and turns everything that
// is missing into gaps.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ingest/adapter.h"
#include "ingest/adapter/linux_audit/assembly.h"
#include "ingest/adapter/linux_audit/gap_log.h"
#include "ingest/adapter/linux_audit/normalise.h"
#include "ingest/adapter/linux_audit/serial_watch.h"

namespace mailvigil::ingest::adapter::audit_log {

class AuditDecoder final : public Decoder {
  public:
    /// A record is at most 8970 bytes (MAX_AUDIT_MESSAGE_LENGTH of libaudit.h), its interpretation
    /// may double that.
    static constexpr std::size_t kLineBytesMax = 64 * 1024;
    /// Events whose records are still arriving. One more gives up the oldest.
    static constexpr std::size_t kPendingMax = 512;
    /// As auditd.conf's end_of_event_timeout.
    static constexpr Duration kPatience = std::chrono::seconds(2);
    /// Of machines beyond these the serials are not watched.
    static constexpr std::size_t kNodesMax = 64;

    explicit AuditDecoder(Diagnostics& diagnostics);

    void decode(Chunk& chunk, EventBatch& batch) override;
    void release_chunk() override;
    bool finish(EventBatch& batch) override;

    [[nodiscard]] const DecoderCounts& counts() const override { return counts_; }

  private:
    /// What is counted for each machine whose events are in the log: serials are unique only there.
    struct Node {
        std::string name;
        SerialWatch serials;
        Timestamp latest{};
        bool watched = true;  ///< false: all the machines beyond kNodesMax together
    };

    struct Given {
        Stamp stamp;
        std::size_t node_hash = 0;
        std::size_t text_hash = 0;  ///< of an event of one record: several may share its stamp
    };

    void decode_line(std::string_view line, EventBatch& batch);
    void add_record(const RecordHeader& header, RecordType type, EventBatch& batch);
    void add_single(RecordType type, const RecordHeader& header, EventBatch& batch);
    void note_progress(const RecordHeader& header);
    Node& node_of(std::string_view name);

    /// The assembly that a record belongs to; a new one when there is none.
    Assembly& assembly_of(const RecordHeader& header, RecordType type);
    bool was_given(const Given& event) const;
    void note_serial(std::string_view node, const Stamp& stamp);
    void read(Assembly& assembly, RecordType type, std::string_view body);
    void give(std::size_t index, EventBatch& batch);
    void give_up_old(std::string_view node, Timestamp now, EventBatch& batch);
    void leave_current(EventBatch& batch);
    void report(Severity severity, std::string message);
    void lose(std::string_view reason, std::uint64_t count, Timestamp start, Timestamp end);

    Diagnostics& diagnostics_;
    DecoderCounts counts_;
    Normaliser normaliser_;
    GapLog gaps_;
    std::vector<Node> nodes_;
    std::vector<SystemCallTable> tables_;

    /// In order of arrival; the one that records are being added to is at current_.
    std::vector<std::unique_ptr<Assembly>> pending_;
    std::vector<std::unique_ptr<Assembly>> spare_;
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t current_ = kNone;

    std::array<Given, 64> given_{};
    std::size_t given_next_ = 0;

    RecordHeader before_;  ///< of the line before, within this chunk
    Timestamp latest_{};
    std::string source_;
    std::uint64_t line_ = 0;
    std::uint64_t foreign_lines_ = 0;
};

}  // namespace mailvigil::ingest::adapter::audit_log
