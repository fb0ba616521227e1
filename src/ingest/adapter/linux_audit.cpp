// The Linux audit log as auditd stores it: raw and ENRICHED, one record a line (auditd.conf(5),
// audit.rules(7), linux/audit.h). The parts stand in linux_audit/.
#include "ingest/adapter/linux_audit/decoder.h"
#include "ingest/adapter/linux_audit/record.h"
#include "ingest/adapter/roster.h"

namespace mailvigil::ingest::adapter {

namespace {

std::string_view first_line_of(std::string_view& head) {
    const std::size_t end = head.find('\n');
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
    return line;
}

/// The header of the first line that has one.
std::optional<audit_log::RecordHeader> first_header(std::string_view head) {
    while (!head.empty()) {
        if (auto header = audit_log::parse_header(first_line_of(head))) {
            return header;
        }
    }
    return {};
}

bool sniff(std::string_view head) {
    return first_header(head).has_value();
}

std::optional<Timestamp> first_time(std::string_view head) {
    const auto header = first_header(head);
    return header ? std::optional(header->stamp.time) : std::nullopt;
}

std::unique_ptr<Decoder> create(Diagnostics& diagnostics) {
    return std::make_unique<audit_log::AuditDecoder>(diagnostics);
}

}  // namespace

extern const Adapter linux_audit{.name = "linux_audit",
                                 .summary = "Linux audit log, raw or enriched (auditd)",
                                 .sniff = sniff,
                                 .first_time = first_time,
                                 .create = create};

}  // namespace mailvigil::ingest::adapter
