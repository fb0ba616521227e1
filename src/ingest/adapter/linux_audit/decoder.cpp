#include "ingest/adapter/linux_audit/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>

namespace mailvigil::ingest::adapter::audit_log {

namespace {

/// A number after `key` that stands as a word of its own; absent: no such key.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos || (at != 0 && text[at - 1] != ' ' && text[at - 1] != '_')) {
        return {};
    }
    std::string_view digits = text.substr(at + key.size());
    digits = digits.substr(0, digits.find_first_not_of("0123456789"));
    return parse_number(digits);
}

/// audit(8): `auditctl --reset-lost` is logged as op=set lost=0 old=N, N being what was lost.
std::uint64_t lost_records(std::string_view body) {
    const auto lost = number_after(body, "lost=");
    return !lost ? 0 : *lost != 0 ? *lost : number_after(body, "old=").value_or(0);
}

bool is_single(RecordType type) {
    return type >= RecordType::user;
}

/// Records that add nothing once the event was given out.
bool adds_nothing(RecordType type) {
    return type == RecordType::end_of_event || type == RecordType::proctitle ||
           type == RecordType::other;
}

}  // namespace

AuditDecoder::AuditDecoder(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

void AuditDecoder::report(Severity severity, std::string message) {
    diagnostics_.add({severity, std::string(source_), line_, 0, std::move(message)});
}

void AuditDecoder::lose(std::string_view reason,
                        std::uint64_t count,
                        Timestamp start,
                        Timestamp end) {
    gaps_.add({reason, count, start, end});
}

void AuditDecoder::decode(Chunk& chunk, EventBatch& batch) {
    if (source_ != chunk.source) {
        source_ = chunk.source;
    }
    while (!chunk.text.empty()) {
        if (gaps_.due(latest_) && !batch.full()) {
            gaps_.give(batch);
        }
        // A line can end the event before it and be one itself.
        if (batch.events().size() + 2 > EventBatch::kEventsMax) {
            return;
        }
        const auto* end =
            static_cast<const char*>(std::memchr(chunk.text.data(), '\n', chunk.text.size()));
        const std::size_t length =
            end == nullptr ? chunk.text.size() : static_cast<std::size_t>(end - chunk.text.data());
        const std::string_view line = chunk.text.substr(0, length);
        line_ = chunk.line;
        if (!line.empty()) {
            if (line.size() > kLineBytesMax) {
                ++counts_.malformed;
                report(Severity::warning,
                       fmt::format("line of {} bytes is longer than any audit record; it is left "
                                   "out (gap recorded)",
                                   line.size()));
                lose("unreadable record", 1, latest_, latest_);
            } else {
                decode_line(line, batch);
            }
        }
        ++counts_.lines;
        ++chunk.line;
        chunk.text.remove_prefix(std::min(length + 1, chunk.text.size()));
    }
}

void AuditDecoder::decode_line(std::string_view line, EventBatch& batch) {
    const auto header = parse_header(line, before_);
    if (!header) {
        ++counts_.malformed;
        const bool torn = line.starts_with("type=") || line.starts_with("node=");
        // A log of another kind would fill the terminal: after a few lines only the count goes on.
        if (torn || ++foreign_lines_ <= 3) {
            report(Severity::warning,
                   torn
                       ? fmt::format("record cut off after {} bytes (gap recorded): {}",
                                     line.size(),
                                     line.substr(0, 80))
                       : fmt::format("not an audit record (gap recorded): {}", line.substr(0, 80)));
        }
        lose(torn ? "record cut off" : "line is no audit record", 1, latest_, latest_);
        return;
    }
    ++counts_.records;
    before_ = *header;
    note_progress(*header);
    const RecordType type = classify(header->type);
    if (is_single(type)) {
        add_single(type, *header, batch);
    } else {
        add_record(*header, type, batch);
    }
}

AuditDecoder::Node& AuditDecoder::node_of(std::string_view name) {
    for (Node& node : nodes_) {
        if (node.name == name) {
            return node;
        }
    }
    if (nodes_.size() > kNodesMax) {
        return nodes_.back();
    }
    if (nodes_.size() == kNodesMax) {
        report(Severity::warning,
               fmt::format("records of more than {} machines; what is missing of the others is not "
                           "told",
                           kNodesMax));
    }
    const bool watched = nodes_.size() < kNodesMax;
    nodes_.push_back({std::string(watched ? name : "*"), {}, {}, watched});
    return nodes_.back();
}

void AuditDecoder::note_progress(const RecordHeader& header) {
    Node& node = node_of(header.node);
    if (node.watched && header.stamp.time + std::chrono::minutes(1) < node.latest) {
        ++counts_.malformed;
        report(Severity::warning,
               fmt::format("time runs backwards, from {} to {}",
                           render_utc(node.latest),
                           render_utc(header.stamp.time)));
        lose("clock set back", 0, header.stamp.time, node.latest);
        latest_ = node.latest = header.stamp.time;
    }
    node.latest = std::max(node.latest, header.stamp.time);
    latest_ = std::max(latest_, header.stamp.time);
}

void AuditDecoder::note_serial(std::string_view name, const Stamp& stamp) {
    Node& node = node_of(name);
    const auto missing = node.watched ? node.serials.note(stamp) : SerialWatch::Missing{};
    if (missing.count != 0) {
        lose("missing serial numbers", missing.count, missing.start, missing.end);
    }
}

void AuditDecoder::add_single(RecordType type, const RecordHeader& header, EventBatch& batch) {
    const std::hash<std::string_view> hash;
    const Given self{header.stamp, hash(header.node), hash(header.type) * 31 + hash(header.body)};
    if (was_given(self)) {
        ++counts_.duplicates;
        return;
    }
    if (current_ != kNone && pending_[current_]->stamp != header.stamp) {
        leave_current(batch);
    }
    given_[given_next_++ % given_.size()] = self;
    // auditd numbers its own messages apart from the kernel's.
    if (type != RecordType::daemon) {
        note_serial(header.node, header.stamp);
    }
    const bool of_audit = type == RecordType::configuration || type == RecordType::daemon;
    if (const auto lost = of_audit ? lost_records(header.body) : 0) {
        lose("the kernel lost records", lost, header.stamp.time, header.stamp.time);
    }
    if (normaliser_.single_record(type, header, batch)) {
        ++counts_.events;
    }
}

bool AuditDecoder::was_given(const Given& event) const {
    return std::ranges::any_of(given_, [&](const Given& given) {
        return given.stamp == event.stamp && given.node_hash == event.node_hash &&
               given.text_hash == event.text_hash;
    });
}

void AuditDecoder::add_record(const RecordHeader& header, RecordType type, EventBatch& batch) {
    if (current_ == kNone || pending_[current_]->stamp != header.stamp ||
        pending_[current_]->node != header.node) {
        leave_current(batch);
        const auto found = std::ranges::find_if(pending_, [&](const auto& assembly) {
            return assembly->stamp == header.stamp && assembly->node == header.node;
        });
        if (found != pending_.end()) {
            current_ = static_cast<std::size_t>(found - pending_.begin());
        } else if (was_given({header.stamp, std::hash<std::string_view>{}(header.node), 0})) {
            if (!adds_nothing(type)) {
                ++counts_.duplicates;
            }
            return;
        } else if (type == RecordType::end_of_event || type == RecordType::other) {
            // Companions of single records and of events before the start of this log.
            return;
        } else {
            give_up_old(header.node, header.stamp.time, batch);
            if (spare_.empty()) {
                spare_.push_back(std::make_unique<Assembly>());
            }
            pending_.push_back(std::move(spare_.back()));
            spare_.pop_back();
            current_ = pending_.size() - 1;
            pending_[current_]->reset(header, source_, line_);
        }
    }
    Assembly& assembly = *pending_[current_];
    read(assembly, type, header.body);
    // Without room in the batch it waits among the pending ones; give_up_old() gives what is whole.
    const bool ends =
        type == RecordType::end_of_event || (type == RecordType::proctitle && assembly.is_whole());
    if (ends && !batch.full()) {
        give(current_, batch);
    }
}

void AuditDecoder::read(Assembly& assembly, RecordType type, std::string_view body) {
    const bool unneeded = assembly.has_syscall && assembly.call.call == SystemCall::unneeded;
    bool good = true;
    switch (type) {
        case RecordType::syscall:
            if (assembly.has_syscall) {
                ++counts_.duplicates;
                return;
            }
            good = assembly.read_syscall(body, tables_);
            break;
        case RecordType::uring_operation:
            good = assembly.read_uring_operation(body);
            break;
        case RecordType::path:
            if (!unneeded && !assembly.read_path(body)) {
                const bool repeated = body.find("name=") != std::string_view::npos;
                ++(repeated ? counts_.duplicates : counts_.malformed);
                return;
            }
            break;
        case RecordType::cwd:
            assembly.read_cwd(body);
            break;
        case RecordType::execve:
            good = unneeded || assembly.read_execve(body);
            break;
        case RecordType::proctitle:
            assembly.title = body;
            break;
        case RecordType::sockaddr:
            assembly.read_sockaddr(body);
            break;
        case RecordType::openat2:
            assembly.read_openat2(body);
            break;
        default:
            break;
    }
    if (!good || assembly.malformed) {
        assembly.malformed = false;
        ++counts_.malformed;
        report(
            Severity::warning,
            fmt::format("record of event {} could not be read whole (gap recorded)", assembly.id));
        lose("unreadable record", 1, assembly.stamp.time, assembly.stamp.time);
    }
}

// The next event has begun: an event that lacks only PROCTITLE and EOE is as good as it will get.
void AuditDecoder::leave_current(EventBatch& batch) {
    if (current_ == kNone) {
        return;
    }
    const std::size_t leaving = current_;
    current_ = kNone;
    if (pending_[leaving]->is_whole() && !batch.full()) {
        give(leaving, batch);
    }
}

void AuditDecoder::give(std::size_t index, EventBatch& batch) {
    Assembly& assembly = *pending_[index];
    note_serial(assembly.node, assembly.stamp);
    const bool needed = assembly.has_syscall && assembly.call.call != SystemCall::unneeded;
    const bool may_lack = assembly.call.call == SystemCall::send;
    if (!assembly.has_syscall || (needed && !may_lack && !assembly.is_whole())) {
        const bool only_title = !assembly.has_syscall && assembly.paths.empty() &&
                                !assembly.has_execve && assembly.socket_address.empty() &&
                                assembly.working_directory.empty();
        if (!only_title) {
            ++counts_.incomplete;
            diagnostics_.add({Severity::warning,
                              std::string(assembly.source),
                              assembly.line,
                              0,
                              fmt::format("event {} is incomplete: {} missing (gap recorded)",
                                          assembly.id,
                                          assembly.missing())});
            lose("incomplete event", 1, assembly.stamp.time, assembly.stamp.time);
        }
    }
    if (needed && normaliser_.system_call(assembly, batch)) {
        ++counts_.events;
    } else {
        ++counts_.unneeded;
    }
    given_[given_next_++ % given_.size()] = {
        assembly.stamp, std::hash<std::string_view>{}(assembly.node), 0};
    spare_.push_back(std::move(pending_[index]));
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
    if (current_ != kNone) {
        current_ = current_ == index ? kNone : current_ - (current_ > index ? 1 : 0);
    }
}

void AuditDecoder::give_up_old(std::string_view node, Timestamp now, EventBatch& batch) {
    for (std::size_t i = 0; i < pending_.size() && !batch.full();) {
        const Assembly& assembly = *pending_[i];
        const bool late = assembly.node == node && assembly.stamp.time + kPatience < now;
        if (late || assembly.is_whole() || (i == 0 && pending_.size() >= kPendingMax)) {
            give(i, batch);
        } else {
            ++i;
        }
    }
}

void AuditDecoder::release_chunk() {
    for (const auto& assembly : pending_) {
        assembly->own_texts();
    }
    before_ = {};
}

bool AuditDecoder::finish(EventBatch& batch) {
    current_ = kNone;
    while (!pending_.empty()) {
        if (batch.full()) {
            return false;
        }
        give(0, batch);
    }
    for (Node& node : nodes_) {
        const auto missing = node.serials.finish();
        if (missing.count != 0) {
            lose("missing serial numbers", missing.count, missing.start, missing.end);
        }
    }
    while (!gaps_.empty()) {
        if (batch.full()) {
            return false;
        }
        gaps_.give(batch);
    }
    return true;
}

}  // namespace mailvigil::ingest::adapter::audit_log
